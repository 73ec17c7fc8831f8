$Check = {
    param($Settings)
    $Policy = Get-ItemProperty -Path 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services' -ErrorAction SilentlyContinue
    $Listener = Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'
    $ByPolicy = @()
    $Wrong = @()
    foreach ($Pair in @(@('SecurityLayer', 2), @('UserAuthentication', 1))) {
        $Name = $Pair[0]
        $Wanted = $Pair[1]
        if ($Policy -and ($Policy.PSObject.Properties.Name -contains $Name)) {
            if ([int]$Policy.$Name -lt $Wanted) { $ByPolicy += "$Name is $($Policy.$Name)" }
        }
        if (($Listener.PSObject.Properties.Name -contains $Name) -and ([int]$Listener.$Name -lt $Wanted)) {
            $Wrong += "$Name is $($Listener.$Name)"
        }
    }
    # Without a certificate, a host that demands TLS is out of reach.
    $Certificates = @(Get-ChildItem -Path 'Cert:\LocalMachine\Remote Desktop' -ErrorAction SilentlyContinue)
    $Ready = ($Certificates.Count -gt 0) -or ($Listener.PSObject.Properties.Name -contains 'SSLCertificateSHA1Hash')
    $Reason = if ($ByPolicy.Count -gt 0) { "set by policy: $($ByPolicy -join ', '); change it there, it beats the listener" }
    elseif (-not $Ready) { 'there is no certificate yet: carry out R1 or R2 first' }
    elseif ($Wrong.Count -gt 0) { $Wrong -join ', ' }
    else { 'TLS and NLA are demanded' }
    [pscustomobject]@{
        Policy       = $ByPolicy -join '; '
        Certificates = $Certificates.Count
        Needed       = $Ready -and ($Wrong.Count -gt 0) -and ($ByPolicy.Count -eq 0)
        Reason       = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Listener = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'
    $Before = Get-ItemProperty -Path $Listener
    Set-ItemProperty -Path $Listener -Name SecurityLayer -Value 2 -Type DWord
    Set-ItemProperty -Path $Listener -Name UserAuthentication -Value 1 -Type DWord
    "before: SecurityLayer $($Before.SecurityLayer), UserAuthentication $($Before.UserAuthentication)"
}
