$Common += {
    $global:Tls12 = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2'

    # Values that keep TLS 1.2 off, and what each should be.
    function global:Find-WrongValue {
        # Windows 7 and Server 2008 R2 (6.1) want it said; from 6.2 on, what is not said is on.
        $MustBeSaid = [System.Environment]::OSVersion.Version -lt [version]'6.2'
        foreach ($Role in 'Server', 'Client') {
            $Entry = Read-RegistryValue -Path "$Tls12\$Role" -Name Enabled
            if (($Entry.Exists -and ($Entry.Value -eq 0)) -or ($MustBeSaid -and -not $Entry.Exists)) {
                [pscustomobject]@{ Before = $Entry; Value = 1; Text = "$Role is not switched on" }
            }
            $Entry = Read-RegistryValue -Path "$Tls12\$Role" -Name DisabledByDefault
            if (($Entry.Exists -and ($Entry.Value -ne 0)) -or ($MustBeSaid -and -not $Entry.Exists)) {
                [pscustomobject]@{ Before = $Entry; Value = 0; Text = "$Role is off by default" }
            }
        }
    }
}

$Check = {
    param($Settings)
    $Wrong = @(Find-WrongValue)
    $Suites = ''
    if (Get-Command -Name Get-TlsCipherSuite -ErrorAction SilentlyContinue) { $Suites = (Get-TlsCipherSuite).Name -join ' ' }
    $Missing = @(Find-MissingKey -Path "$Tls12\Server") + @(Find-MissingKey -Path "$Tls12\Client") | Select-Object -Unique
    [pscustomobject]@{
        System = [System.Environment]::OSVersion.VersionString
        Suites = $Suites
        # Deepest first: the longest path is.
        Saved  = ConvertTo-Saved -Values @($Wrong | ForEach-Object { $_.Before }) -Missing @($Missing | Sort-Object -Property Length -Descending)
        Needed = $Wrong.Count -gt 0
        Reason = if ($Wrong.Count -gt 0) { "TLS 1.2: $(($Wrong | ForEach-Object { $_.Text }) -join ', ')" } else { 'TLS 1.2 is on; look at the suites' }
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Copy = Export-RegistryKey -Key 'HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL' -Label 'R5-schannel'
    foreach ($Item in @(Find-WrongValue)) {
        $Entry = $Item.Before
        if (-not (Test-Path -LiteralPath $Entry.Path)) { New-Item -Path $Entry.Path -Force | Out-Null }
        New-ItemProperty -LiteralPath $Entry.Path -Name $Entry.Name -Value $Item.Value -PropertyType DWord -Force | Out-Null
    }
    "TLS 1.2 is switched on; it takes a restart of the machine, which is left to you. A copy of the key: $Copy"
}

$Restore = {
    param($Settings, $Saved)
    $ErrorActionPreference = 'Stop'
    Restore-RegistryValue -Saved $Saved
    'it takes a restart of the machine, which is left to you'
}
