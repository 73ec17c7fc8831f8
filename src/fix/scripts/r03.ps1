$Check = {
    param($Settings)
    $WinStations = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations'
    $Listener = Get-ItemProperty -Path "$WinStations\RDP-Tcp"
    $Values = @{}
    foreach ($Property in $Listener.PSObject.Properties) { $Values[$Property.Name] = $Property.Value }
    $Wrong = @()
    foreach ($Pair in @(@('fAllowSecProtocolNegotiation', 1), @('MinEncryptionLevel', 2), @('SecurityLayer', 1))) {
        if ($Values.ContainsKey($Pair[0]) -and ([int]$Values[$Pair[0]] -lt $Pair[1])) { $Wrong += "$($Pair[0]) is $($Values[$Pair[0]])" }
    }
    $Store = (Get-ItemProperty -Path $WinStations -Name SelfSignedCertStore -ErrorAction SilentlyContinue).SelfSignedCertStore
    if ($Store -and ($Store -ne 'Remote Desktop')) { $Wrong += "SelfSignedCertStore is $Store" }
    $Pinned = ''
    if ($Values.ContainsKey('SSLCertificateSHA1Hash')) {
        $Pinned = ([System.BitConverter]::ToString([byte[]]$Values['SSLCertificateSHA1Hash'])) -replace '-', ''
        if (-not (Test-Path -Path "Cert:\LocalMachine\My\$Pinned") -and -not (Test-Path -Path "Cert:\LocalMachine\Remote Desktop\$Pinned")) {
            $Wrong += "the certificate pinned, $Pinned, is not there"
        }
    }
    [pscustomobject]@{
        SecurityLayer      = $Values['SecurityLayer']
        UserAuthentication = $Values['UserAuthentication']
        MinEncryptionLevel = $Values['MinEncryptionLevel']
        Pinned             = $Pinned
        Needed             = $Wrong.Count -gt 0
        Reason             = if ($Wrong.Count -gt 0) { $Wrong -join '; ' } else { 'the settings are in order' }
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Backup = Join-Path -Path $env:ProgramData -ChildPath ('rdpscan-winstations-{0:yyyyMMdd-HHmmss}.reg' -f (Get-Date))
    & reg.exe export 'HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations' $Backup /y | Out-Null
    if ($LASTEXITCODE -ne 0) { throw 'the settings could not be saved, so nothing was changed' }
    $WinStations = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations'
    Set-ItemProperty -Path $WinStations -Name SelfSignedCertStore -Value 'Remote Desktop' -Type String
    Set-ItemProperty -Path "$WinStations\RDP-Tcp" -Name fAllowSecProtocolNegotiation -Value 1 -Type DWord
    Set-ItemProperty -Path "$WinStations\RDP-Tcp" -Name MinEncryptionLevel -Value 3 -Type DWord
    Set-ItemProperty -Path "$WinStations\RDP-Tcp" -Name SecurityLayer -Value 2 -Type DWord
    # A broker deployment owns its certificate: there the pin is left alone.
    $Broker = (Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\ClusterSettings' -Name SessionDirectoryActive -ErrorAction SilentlyContinue)
    $Hash = (Get-ItemProperty -Path "$WinStations\RDP-Tcp" -Name SSLCertificateSHA1Hash -ErrorAction SilentlyContinue)
    if ($Hash -and -not ($Broker -and ($Broker.SessionDirectoryActive -eq 1))) {
        $Pinned = ([System.BitConverter]::ToString([byte[]]$Hash.SSLCertificateSHA1Hash)) -replace '-', ''
        if (-not (Test-Path -Path "Cert:\LocalMachine\My\$Pinned") -and -not (Test-Path -Path "Cert:\LocalMachine\Remote Desktop\$Pinned")) {
            Remove-ItemProperty -Path "$WinStations\RDP-Tcp" -Name SSLCertificateSHA1Hash
        }
    }
    Restart-Service -Name SessionEnv -Force
    Restart-Service -Name TermService -Force
    "set; what was there before is in $Backup"
}
