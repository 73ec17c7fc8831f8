$Common += {
    $global:RdpTcp = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp'

    function global:Read-Listener {
        Get-CimInstance -Namespace root/cimv2/TerminalServices -ClassName Win32_TSGeneralSetting -Filter "TerminalName='RDP-Tcp'"
    }

    # Whose business the certificate is, where it is not this script's; nothing when it is.
    function global:Find-OtherOwner {
        $Policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
        foreach ($Path in 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\ClusterSettings', $Policy) {
            $Entry = Read-RegistryValue -Path $Path -Name SessionDirectoryActive
            if ($Entry.Exists -and ($Entry.Value -eq 1)) { return 'the host belongs to a deployment with a broker: set certificates there, with Set-RDCertificate' }
        }
        if (Get-Service -Name TSSDis -ErrorAction SilentlyContinue) { return 'the host is a broker: set certificates with Set-RDCertificate' }
        $Entry = Read-RegistryValue -Path $Policy -Name CertTemplateName
        if ($Entry.Exists -and $Entry.Value) { return "policy names the template $($Entry.Value): Windows enrols and binds by itself" }
    }

    # Certificates of an authority that fit the host, the longest valid first, each with what is wrong with its key.
    function global:Find-Fit {
        # Server authentication, or Remote Desktop authentication.
        $Purposes = '1.3.6.1.5.5.7.3.1', '1.3.6.1.4.1.311.54.1.2'
        $FullName = [System.Net.Dns]::GetHostEntry('').HostName
        Get-ChildItem -Path 'Cert:\LocalMachine\My' | Where-Object {
            $Uses = @($_.EnhancedKeyUsageList | ForEach-Object { $_.ObjectId })
            $_.HasPrivateKey -and ($_.Subject -ne $_.Issuer) -and
            ($_.NotBefore -le (Get-Date)) -and ($_.NotAfter -gt (Get-Date).AddDays(30)) -and
            (@($Uses | Where-Object { $Purposes -contains $_ }).Count -gt 0) -and
            (@($_.DnsNameList | ForEach-Object { $_.Unicode }) -contains $FullName)
        } | Sort-Object -Property NotAfter -Descending | ForEach-Object {
            [pscustomobject]@{ Thumbprint = $_.Thumbprint; Subject = $_.Subject; Issuer = $_.Issuer; Until = $_.NotAfter.ToUniversalTime().ToString('u'); Fault = Find-KeyFault -Certificate $_ }
        }
    }
}

$Check = {
    param($Settings)
    $Other = Find-OtherOwner
    $All = @(Find-Fit)
    $Fit = @($All | Where-Object { -not $_.Fault })
    $Now = [string](Read-Listener).SSLCertificateSHA1Hash
    $Reason = if ($Other) { $Other }
    elseif ($All.Count -eq 0) { 'LocalMachine\My has no certificate of an authority with the full name of the host that is valid for 30 more days: enrol one first' }
    elseif ($Fit.Count -eq 0) { "a certificate fits, but is not bound, for one whose key cannot be read shuts everybody out: $($All[0].Fault). Give NETWORK SERVICE read on the key (certlm.msc, Manage Private Keys), and run this again" }
    elseif ($Fit[0].Thumbprint -eq $Now) { 'the best certificate is bound already' }
    else { "bind $($Fit[0].Thumbprint), $($Fit[0].Subject), issued by $($Fit[0].Issuer)" }
    [pscustomobject]@{
        BoundNow = $Now
        Fit      = ($All | ForEach-Object { "$($_.Thumbprint) until $($_.Until), issued by $($_.Issuer)$(if ($_.Fault) { ", not usable: $($_.Fault)" })" }) -join '; '
        Saved    = ConvertTo-Saved -Values @(Read-RegistryValue -Path $RdpTcp -Name SSLCertificateSHA1Hash)
        Needed   = (-not $Other) -and ($Fit.Count -gt 0) -and ($Fit[0].Thumbprint -ne $Now)
        Reason   = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Best = Find-Fit | Where-Object { -not $_.Fault } | Select-Object -First 1
    if (-not $Best) { throw 'the certificate is no longer there' }
    Read-Listener | Set-CimInstance -Property @{ SSLCertificateSHA1Hash = $Best.Thumbprint }
    $Now = [string](Read-Listener).SSLCertificateSHA1Hash
    if ($Now -ne $Best.Thumbprint) { throw "Windows did not take the certificate: $Now is bound, instead of $($Best.Thumbprint)" }
    "bound and read again: $Now, issued by $($Best.Issuer)"
}

$Restore = {
    param($Settings, $Saved)
    $ErrorActionPreference = 'Stop'
    $Entry = @((ConvertFrom-Json -InputObject $Saved).Values)[0]
    if ($Entry.Exists) { Read-Listener | Set-CimInstance -Property @{ SSLCertificateSHA1Hash = [string]$Entry.Value } }
    else {
        # Without the value Windows takes its own certificate, from the next start of the service on.
        Restore-RegistryValue -Saved $Saved
        Restart-Service -Name TermService -Force
    }
    "bound now: $([string](Read-Listener).SSLCertificateSHA1Hash)"
}
