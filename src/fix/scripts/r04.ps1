$Check = {
    param($Settings)
    # Server authentication, or Remote Desktop authentication.
    $Purposes = '1.3.6.1.5.5.7.3.1', '1.3.6.1.4.1.311.54.1.2'
    $FullName = [System.Net.Dns]::GetHostEntry('').HostName
    $Fit = @(Get-ChildItem -Path 'Cert:\LocalMachine\My' | Where-Object {
            $Uses = @($_.EnhancedKeyUsageList | ForEach-Object { $_.ObjectId })
            $_.HasPrivateKey -and ($_.Subject -ne $_.Issuer) -and
            ($_.NotBefore -le (Get-Date)) -and ($_.NotAfter -gt (Get-Date).AddDays(30)) -and
            (@($Uses | Where-Object { $Purposes -contains $_ }).Count -gt 0) -and
            (@($_.DnsNameList | ForEach-Object { $_.Unicode }) -contains $FullName)
        } | Sort-Object -Property NotAfter -Descending)
    $Setting = Get-CimInstance -Namespace root/cimv2/TerminalServices -ClassName Win32_TSGeneralSetting -Filter "TerminalName='RDP-Tcp'"
    $Now = [string]$Setting.SSLCertificateSHA1Hash
    $Reason = if ($Fit.Count -eq 0) { "there is no certificate of an authority for $FullName in LocalMachine\My that is valid for 30 more days: enrol one first" }
    elseif ($Fit[0].Thumbprint -eq $Now) { 'the best certificate is bound already' }
    else { "bind $($Fit[0].Thumbprint), $($Fit[0].Subject), issued by $($Fit[0].Issuer)" }
    [pscustomobject]@{
        BoundNow = $Now
        Fit      = ($Fit | ForEach-Object { "$($_.Thumbprint) until $($_.NotAfter.ToString('u'))" }) -join '; '
        Needed   = ($Fit.Count -gt 0) -and ($Fit[0].Thumbprint -ne $Now)
        Reason   = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Purposes = '1.3.6.1.5.5.7.3.1', '1.3.6.1.4.1.311.54.1.2'
    $FullName = [System.Net.Dns]::GetHostEntry('').HostName
    $Best = Get-ChildItem -Path 'Cert:\LocalMachine\My' | Where-Object {
        $Uses = @($_.EnhancedKeyUsageList | ForEach-Object { $_.ObjectId })
        $_.HasPrivateKey -and ($_.Subject -ne $_.Issuer) -and
        ($_.NotBefore -le (Get-Date)) -and ($_.NotAfter -gt (Get-Date).AddDays(30)) -and
        (@($Uses | Where-Object { $Purposes -contains $_ }).Count -gt 0) -and
        (@($_.DnsNameList | ForEach-Object { $_.Unicode }) -contains $FullName)
    } | Sort-Object -Property NotAfter -Descending | Select-Object -First 1
    if (-not $Best) { throw 'the certificate is no longer there' }
    $Setting = Get-CimInstance -Namespace root/cimv2/TerminalServices -ClassName Win32_TSGeneralSetting -Filter "TerminalName='RDP-Tcp'"
    $Before = [string]$Setting.SSLCertificateSHA1Hash
    $Setting | Set-CimInstance -Property @{ SSLCertificateSHA1Hash = $Best.Thumbprint }
    "bound $($Best.Thumbprint); before it was $Before. NETWORK SERVICE must be able to read its key"
}
