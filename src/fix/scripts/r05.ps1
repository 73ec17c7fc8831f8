$Check = {
    param($Settings)
    $Protocols = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
    $Wrong = @()
    # Windows 7 and Server 2008 R2 (6.1) want it said; from 6.2 on, what is not said is on.
    $MustBeSaid = [System.Environment]::OSVersion.Version -lt [version]'6.2'
    foreach ($Role in 'Server', 'Client') {
        $Values = Get-ItemProperty -Path "$Protocols\TLS 1.2\$Role" -ErrorAction SilentlyContinue
        $Names = if ($Values) { @($Values.PSObject.Properties.Name) } else { @() }
        if ($Names -contains 'Enabled') { if ($Values.Enabled -eq 0) { $Wrong += "$Role is switched off" } }
        elseif ($MustBeSaid) { $Wrong += "$Role is not switched on" }
        if (($Names -contains 'DisabledByDefault') -and ($Values.DisabledByDefault -ne 0)) { $Wrong += "$Role is off by default" }
    }
    $Suites = ''
    if (Get-Command -Name Get-TlsCipherSuite -ErrorAction SilentlyContinue) { $Suites = (Get-TlsCipherSuite).Name -join ' ' }
    [pscustomobject]@{
        System = [System.Environment]::OSVersion.VersionString
        Suites = $Suites
        Needed = $Wrong.Count -gt 0
        Reason = if ($Wrong.Count -gt 0) { "TLS 1.2: $($Wrong -join ', ')" } else { 'TLS 1.2 is on; look at the suites' }
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Backup = Join-Path -Path $env:ProgramData -ChildPath ('rdpscan-schannel-{0:yyyyMMdd-HHmmss}.reg' -f (Get-Date))
    & reg.exe export 'HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL' $Backup /y | Out-Null
    if ($LASTEXITCODE -ne 0) { throw 'the settings could not be saved, so nothing was changed' }
    foreach ($Role in 'Server', 'Client') {
        $Key = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\$Role"
        if (-not (Test-Path -Path $Key)) { New-Item -Path $Key -Force | Out-Null }
        Set-ItemProperty -Path $Key -Name Enabled -Value 1 -Type DWord
        Set-ItemProperty -Path $Key -Name DisabledByDefault -Value 0 -Type DWord
    }
    "TLS 1.2 is switched on; it takes a restart of the machine, which is left to you. What was there before is in $Backup"
}
