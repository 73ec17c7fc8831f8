$Check = {
    param($Settings)
    $Folder = Join-Path -Path $env:ProgramData -ChildPath 'Microsoft\Crypto\RSA\MachineKeys'
    # The one key file of Remote Desktop: the name is the hash of its key container, TSSecKeySet1.
    $Keys = @(Get-ChildItem -LiteralPath $Folder -Filter 'f686aace6942fb7f7ceb231212eef4a4_*' -Force)
    $Lacking = @()
    foreach ($Key in $Keys) {
        try {
            $Rules = (Get-Acl -LiteralPath $Key.FullName).GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])
            $Allowed = @($Rules | Where-Object { $_.AccessControlType -eq 'Allow' } | ForEach-Object { $_.IdentityReference.Value })
            foreach ($Sid in 'S-1-5-18', 'S-1-5-32-544', 'S-1-5-20') {
                if ($Allowed -notcontains $Sid) { $Lacking += "$Sid on $($Key.Name)" }
            }
        }
        catch { $Lacking += "$($Key.Name) cannot be read: $($_.Exception.Message)" }
    }
    $Reason = if ($Keys.Count -eq 0) { 'there is no RDP key file: see R1' }
    elseif ($Lacking.Count -gt 0) { "rights are lacking: $($Lacking -join '; ')" }
    else { 'the rights are in order; if TLS still fails, rename that one file as the page says' }
    [pscustomobject]@{
        Files  = $Keys.FullName -join '; '
        Needed = $Lacking.Count -gt 0
        Reason = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Folder = Join-Path -Path $env:ProgramData -ChildPath 'Microsoft\Crypto\RSA\MachineKeys'
    $Backup = Join-Path -Path $env:ProgramData -ChildPath ('rdpscan-rights-{0:yyyyMMdd-HHmmss}.txt' -f (Get-Date))
    # The rights of today, for `icacls.exe ...\RSA /restore`; files that cannot be read are skipped.
    & icacls.exe $Folder /save $Backup /t /c | Out-Null
    foreach ($Key in @(Get-ChildItem -LiteralPath $Folder -Filter 'f686aace6942fb7f7ceb231212eef4a4_*' -Force)) {
        & takeown.exe /f $Key.FullName /a | Out-Null
        if ($LASTEXITCODE -ne 0) { throw "takeown failed on $($Key.Name)" }
        & icacls.exe $Key.FullName /grant '*S-1-5-18:F' '*S-1-5-32-544:F' '*S-1-5-20:R' | Out-Null
        if ($LASTEXITCODE -ne 0) { throw "icacls failed on $($Key.Name)" }
    }
    Restart-Service -Name SessionEnv -Force
    Restart-Service -Name TermService -Force
    "rights set; those of before are in $Backup"
}
