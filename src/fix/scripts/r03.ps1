$Common += {
    $Server = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
    $global:WinStations = "$Server\WinStations"
    $global:RdpTcp = "$WinStations\RDP-Tcp"
    $global:ProfileList = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
    $global:Cluster = "$Server\ClusterSettings"

    # What is wrong, and what each value should be: only values that are wrong, and never a lower one. Value $null: to be removed.
    function global:Find-WrongValue {
        foreach ($Want in @(@('fAllowSecProtocolNegotiation', 1, 1), @('MinEncryptionLevel', 2, 3))) {
            $Entry = Read-RegistryValue -Path $RdpTcp -Name $Want[0]
            if ($Entry.Exists -and ([int]$Entry.Value -lt $Want[1])) {
                [pscustomobject]@{ Before = $Entry; Value = $Want[2]; Kind = 'DWord'; Text = "$($Want[0]) is $($Entry.Value), and should be $($Want[2])" }
            }
        }
        # A host that demands TLS or NLA and has no certificate that works is out of reach.
        if (-not (Find-ListenerFault)) {
            foreach ($Want in @(@('SecurityLayer', 1, 2), @('UserAuthentication', 1, 1))) {
                $Entry = Read-RegistryValue -Path $RdpTcp -Name $Want[0]
                if ($Entry.Exists -and ([int]$Entry.Value -lt $Want[1])) {
                    [pscustomobject]@{ Before = $Entry; Value = $Want[2]; Kind = 'DWord'; Text = "$($Want[0]) is $($Entry.Value), and should be $($Want[2])" }
                }
            }
        }
        $Entry = Read-RegistryValue -Path $WinStations -Name SelfSignedCertStore
        if ($Entry.Exists -and ($Entry.Value -ne 'Remote Desktop')) {
            [pscustomobject]@{ Before = $Entry; Value = 'Remote Desktop'; Kind = 'String'; Text = "SelfSignedCertStore is $($Entry.Value)" }
        }
        # Elsewhere is not wrong: the folder may have been moved. Nowhere is.
        $Entry = Read-RegistryValue -Path $ProfileList -Name ProgramData
        $Folder = if ($Entry.Exists) { [System.Environment]::ExpandEnvironmentVariables([string]$Entry.Value) } else { '' }
        if (-not $Folder -or -not (Test-Path -LiteralPath $Folder)) {
            [pscustomobject]@{ Before = $Entry; Value = '%SystemDrive%\ProgramData'; Kind = 'ExpandString'; Text = "ProgramData is '$($Entry.Value)', and no such folder is there" }
        }
        # A broker deployment owns its certificate: there the pin is left alone.
        $Broker = Read-RegistryValue -Path $Cluster -Name SessionDirectoryActive
        $Entry = Read-RegistryValue -Path $RdpTcp -Name SSLCertificateSHA1Hash
        if ($Entry.Exists -and -not ($Broker.Exists -and ($Broker.Value -eq 1))) {
            $There = @('My', 'Remote Desktop' | Where-Object { Test-Path -Path "Cert:\LocalMachine\$_\$($Entry.Value)" })
            if ($There.Count -eq 0) {
                [pscustomobject]@{ Before = $Entry; Value = $null; Kind = ''; Text = "the certificate pinned, $($Entry.Value), is not there" }
            }
        }
    }
}

$Check = {
    param($Settings)
    $Wrong = @(Find-WrongValue)
    $Fault = Find-ListenerFault
    $Reason = if ($Wrong.Count -gt 0) { ($Wrong | ForEach-Object { $_.Text }) -join '; ' } else { 'the settings are in order' }
    if ($Fault) { $Reason += "; SecurityLayer and UserAuthentication stay as they are, for $Fault (R1, R2): mend it and run this again" }
    $Listener = Get-ItemProperty -Path $RdpTcp
    [pscustomobject]@{
        SecurityLayer      = $Listener.SecurityLayer
        UserAuthentication = $Listener.UserAuthentication
        MinEncryptionLevel = $Listener.MinEncryptionLevel
        Saved              = ConvertTo-Saved -Values @($Wrong | ForEach-Object { $_.Before })
        Needed             = $Wrong.Count -gt 0
        Reason             = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Copies = @(
        Export-RegistryKey -Key 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations' -Label 'R3-winstations'
        Export-RegistryKey -Key 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList' -Label 'R3-profilelist'
    )
    $Wrong = @(Find-WrongValue)
    foreach ($Item in $Wrong) {
        $Entry = $Item.Before
        if ($null -eq $Item.Value) { Remove-ItemProperty -LiteralPath $Entry.Path -Name $Entry.Name }
        else { New-ItemProperty -LiteralPath $Entry.Path -Name $Entry.Name -Value $Item.Value -PropertyType $Item.Kind -Force | Out-Null }
    }
    Restart-Service -Name SessionEnv -Force
    Restart-Service -Name TermService -Force
    "put right: $(($Wrong | ForEach-Object { $_.Text }) -join '; '); copies of the keys: $($Copies -join ', ')"
}

$Restore = {
    param($Settings, $Saved)
    $ErrorActionPreference = 'Stop'
    Restore-RegistryValue -Saved $Saved
    Restart-Service -Name SessionEnv -Force
    Restart-Service -Name TermService -Force
}
