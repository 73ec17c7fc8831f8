$Check = {
    param($Settings)
    $Listener = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'
    $Values = Get-ItemProperty -Path $Listener
    $Own = @(Get-ChildItem -Path 'Cert:\LocalMachine\Remote Desktop' -ErrorAction SilentlyContinue)
    $Pinned = ''
    if ($Values.PSObject.Properties.Name -contains 'SSLCertificateSHA1Hash') {
        $Pinned = ([System.BitConverter]::ToString([byte[]]$Values.SSLCertificateSHA1Hash)) -replace '-', ''
    }
    # One that is not of this store was bound on purpose.
    $Bound = $Pinned -and (@($Own | ForEach-Object { $_.Thumbprint }) -notcontains $Pinned)
    $HostName = [System.Net.Dns]::GetHostName()
    $Old = @($Own | Where-Object {
            $Common = ($_.Subject -replace '^CN=', '').Split('.')[0]
            ($_.Subject -eq $_.Issuer) -and (($_.NotAfter -lt (Get-Date)) -or ($Common -ne $HostName))
        })
    $Reason = if ($Bound) { 'a certificate is bound to the listener on purpose: see R4' }
    elseif ($Own.Count -eq 0) { 'there is no self-signed certificate: restarting the services should make one' }
    elseif ($Old.Count -gt 0) { 'the self-signed certificate has ended or carries another name' }
    else { 'the self-signed certificate is in order' }
    [pscustomobject]@{
        Certificates = ($Own | ForEach-Object { "$($_.Thumbprint) $($_.Subject) until $($_.NotAfter.ToString('u'))" }) -join '; '
        Needed       = (-not $Bound) -and (($Own.Count -eq 0) -or ($Old.Count -gt 0))
        Reason       = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Store = 'Cert:\LocalMachine\Remote Desktop'
    $HostName = [System.Net.Dns]::GetHostName()
    $Removed = @()
    foreach ($Certificate in @(Get-ChildItem -Path $Store -ErrorAction SilentlyContinue)) {
        $Common = ($Certificate.Subject -replace '^CN=', '').Split('.')[0]
        if (($Certificate.Subject -eq $Certificate.Issuer) -and
            (($Certificate.NotAfter -lt (Get-Date)) -or ($Common -ne $HostName))) {
            Remove-Item -LiteralPath (Join-Path -Path $Store -ChildPath $Certificate.Thumbprint)
            $Removed += $Certificate.Thumbprint
        }
    }
    # A pin on what was removed would keep the new one from being used.
    $Listener = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'
    $Pin = Get-ItemProperty -Path $Listener -Name SSLCertificateSHA1Hash -ErrorAction SilentlyContinue
    if ($Pin) {
        $Pinned = ([System.BitConverter]::ToString([byte[]]$Pin.SSLCertificateSHA1Hash)) -replace '-', ''
        if ($Removed -contains $Pinned) { Remove-ItemProperty -Path $Listener -Name SSLCertificateSHA1Hash }
    }
    Restart-Service -Name SessionEnv -Force
    Restart-Service -Name TermService -Force
    for ($Second = 0; $Second -lt 30; $Second++) {
        $New = @(Get-ChildItem -Path $Store -ErrorAction SilentlyContinue | Where-Object { $_.NotAfter -gt (Get-Date) })
        if ($New.Count -gt 0) { break }
        Start-Sleep -Seconds 1
    }
    if ($New.Count -eq 0) { throw 'no new certificate was made: look for event 1057 or 1058, and go on with R2' }
    "removed $($Removed -join ', '); now $($New[0].Thumbprint) until $($New[0].NotAfter.ToString('u'))"
}
