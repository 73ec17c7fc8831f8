$Common += {
    $global:RdpStore = 'Cert:\LocalMachine\Remote Desktop'

    # Self-signed certificates of the RDP store that have ended, have not begun, or carry another name than the host's.
    function global:Find-OldCertificate {
        $HostName = [System.Net.Dns]::GetHostName()
        Get-ChildItem -Path $RdpStore -ErrorAction SilentlyContinue | Where-Object {
            $Label = ($_.Subject -replace '^CN=', '').Split('.')[0]
            ($_.Subject -eq $_.Issuer) -and (($_.NotAfter -lt (Get-Date)) -or ($_.NotBefore -gt (Get-Date)) -or ($Label -ne $HostName))
        }
    }

    # The thumbprint that is pinned to the listener; nothing when there is none.
    function global:Find-Pin {
        $Values = Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'
        if ($Values.PSObject.Properties.Name -contains 'SSLCertificateSHA1Hash') {
            ([System.BitConverter]::ToString([byte[]]$Values.SSLCertificateSHA1Hash)) -replace '-', ''
        }
    }
}

$Check = {
    param($Settings)
    $Own = @(Get-ChildItem -Path $RdpStore -ErrorAction SilentlyContinue)
    $Old = @(Find-OldCertificate)
    # A pin that is not of this store was set on purpose.
    $Pinned = Find-Pin
    $Bound = $Pinned -and (@($Own | ForEach-Object { $_.Thumbprint }) -notcontains $Pinned)
    # Without these rights no new key can be made, and the old certificate is better than none.
    $Folder = @(Find-FolderFault)
    $Reason = if ($Bound) { 'a certificate is bound to the listener on purpose: see R4' }
    elseif ($Folder.Count -gt 0) { "a new key could not be made, so carry out R2 first; lacking: $($Folder -join '; ')" }
    elseif ($Own.Count -eq 0) { 'there is no self-signed certificate: restarting the services should make one' }
    elseif ($Old.Count -gt 0) { "ended, not begun, or of another name: $(($Old | ForEach-Object { $_.Thumbprint }) -join ', ')" }
    else { 'the self-signed certificate is in order' }
    [pscustomobject]@{
        Certificates = ($Own | ForEach-Object { "$($_.Thumbprint) $($_.Subject) until $($_.NotAfter.ToUniversalTime().ToString('u'))" }) -join '; '
        Needed       = (-not $Bound) -and ($Folder.Count -eq 0) -and (($Own.Count -eq 0) -or ($Old.Count -gt 0))
        Reason       = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Removed = @()
    foreach ($Certificate in @(Find-OldCertificate)) {
        $Copy = '{0}\rdpscan-R1-{1}.cer' -f $env:SystemDrive, $Certificate.Thumbprint
        [System.IO.File]::WriteAllBytes($Copy, $Certificate.RawData)
        Remove-Item -LiteralPath (Join-Path -Path $RdpStore -ChildPath $Certificate.Thumbprint)
        $Removed += $Certificate.Thumbprint
    }
    # A pin on what was removed would keep the new one from being used.
    $Pinned = Find-Pin
    if ($Pinned -and ($Removed -contains $Pinned)) {
        Remove-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp' -Name SSLCertificateSHA1Hash
    }
    Restart-Service -Name SessionEnv -Force
    Restart-Service -Name TermService -Force
    for ($Second = 0; $Second -lt 30; $Second++) {
        $New = @(Get-ChildItem -Path $RdpStore -ErrorAction SilentlyContinue | Where-Object { $_.NotAfter -gt (Get-Date) })
        if ($New.Count -gt 0) { break }
        Start-Sleep -Seconds 1
    }
    if ($New.Count -eq 0) { throw 'no new certificate was made: look for event 1057 or 1058, and go on with R2' }
    $What = if ($Removed.Count -gt 0) { "removed $($Removed -join ', ')" } else { 'there was none to remove' }
    "$What; now $($New[0].Thumbprint) until $($New[0].NotAfter.ToUniversalTime().ToString('u'))"
}
