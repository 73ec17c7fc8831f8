    # Binds another certificate that fits in place of one in which nothing wrong is found, too: where its key is another machine's
    # as well, or where it lacks a name by which people come.
    [switch] $Replace,
#---
$Settings['Replace'] = [bool]$Replace

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

    # What is wrong with a certificate for this host, apart from the rights on its key; nothing when it fits.
    function global:Find-CertificateFault {
        param([System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate)
        if (-not $Certificate.HasPrivateKey) { return 'it has no private key' }
        if ($Certificate.Subject -eq $Certificate.Issuer) { return 'it is self-signed' }
        if ($Certificate.NotBefore -gt (Get-Date)) { return "it is not valid before $($Certificate.NotBefore.ToUniversalTime().ToString('u'))" }
        if ($Certificate.NotAfter -le (Get-Date).AddDays(30)) { return "it ends at $($Certificate.NotAfter.ToUniversalTime().ToString('u'))" }
        # Any purpose, server authentication, or Remote Desktop authentication; a certificate that names none is for all.
        $Purposes = '2.5.29.37.0', '1.3.6.1.5.5.7.3.1', '1.3.6.1.4.1.311.54.1.2'
        $Uses = @($Certificate.EnhancedKeyUsageList | ForEach-Object { $_.ObjectId })
        if (($Uses.Count -gt 0) -and (@($Uses | Where-Object { $Purposes -contains $_ }).Count -eq 0)) { return 'it is not meant for servers' }
        $FullName = [System.Net.Dns]::GetHostEntry('').HostName
        $Names = @($Certificate.DnsNameList | ForEach-Object { $_.Unicode })
        # A star stands for the first label.
        $Star = $FullName -replace '^[^.]+\.', '*.'
        if (($Names -notcontains $FullName) -and ($Names -notcontains $Star)) { return "it does not carry the name $FullName" }
        if ($Certificate.SignatureAlgorithm.FriendlyName -match 'md[245]|sha1') { return "it is signed with $($Certificate.SignatureAlgorithm.FriendlyName)" }
        $Rsa = $null
        try { $Rsa = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPublicKey($Certificate) }
        catch {
            # Before .NET 4.6 there are no such extensions.
            try { $Rsa = $Certificate.PublicKey.Key } catch { $Rsa = $null }
        }
        if ($Rsa -and ($Rsa.KeySize -lt 2048)) { return "its RSA key has $($Rsa.KeySize) bits" }
        $Limits = @($Certificate.Extensions | Where-Object { $_ -is [System.Security.Cryptography.X509Certificates.X509BasicConstraintsExtension] })
        if (@($Limits | Where-Object { $_.CertificateAuthority }).Count -gt 0) { return 'it calls itself an authority' }
    }

    # Certificates of an authority that fit the host, the longest valid first, each with what is wrong with its key.
    function global:Find-Fit {
        Get-ChildItem -Path 'Cert:\LocalMachine\My' | Where-Object { -not (Find-CertificateFault -Certificate $_) } |
            Sort-Object -Property NotAfter -Descending | ForEach-Object {
                [pscustomobject]@{ Thumbprint = $_.Thumbprint; Subject = $_.Subject; Issuer = $_.Issuer; Until = $_.NotAfter.ToUniversalTime().ToString('u'); Fault = Find-KeyFault -Certificate $_ }
            }
    }

    # What is wrong with the certificate that is bound; nothing when it is to be left alone.
    function global:Find-BoundFault {
        param([string] $Thumbprint)
        if (-not $Thumbprint) { return 'none is bound' }
        $Bound = Get-ChildItem -Path 'Cert:\LocalMachine\My', 'Cert:\LocalMachine\Remote Desktop' -ErrorAction SilentlyContinue |
            Where-Object { $_.Thumbprint -eq $Thumbprint } | Select-Object -First 1
        if (-not $Bound) { return 'it is in no store of this computer' }
        $Fault = Find-CertificateFault -Certificate $Bound
        if ($Fault) { return $Fault }
        Find-KeyFault -Certificate $Bound
    }
}

$Check = {
    param($Settings)
    $Other = Find-OtherOwner
    $Now = [string](Read-Listener).SSLCertificateSHA1Hash
    $Wrong = Find-BoundFault -Thumbprint $Now
    $All = @(Find-Fit | Where-Object { $_.Thumbprint -ne $Now })
    $Fit = @($All | Where-Object { -not $_.Fault })
    $Reason = if ($Other) { $Other }
    elseif (-not $Wrong -and -not $Settings['Replace']) { 'the certificate that is bound is valid, carries the full name of the host, and its key can be read: left alone, and another takes its place only with -Replace' }
    elseif ($All.Count -eq 0) { "bound now: $Wrong; and LocalMachine\My has no other certificate of an authority with the full name of the host that is valid for 30 more days: enrol one first" }
    elseif ($Fit.Count -eq 0) { "a certificate fits, but is not bound, for one whose key cannot be read shuts everybody out: $($All[0].Fault). Give NETWORK SERVICE read on the key (certlm.msc, Manage Private Keys), and run this again" }
    else { "bind $($Fit[0].Thumbprint), $($Fit[0].Subject), issued by $($Fit[0].Issuer), in place of the one bound: $(if ($Wrong) { $Wrong } else { 'asked for with -Replace' })" }
    [pscustomobject]@{
        BoundNow = $Now
        Wrong    = $Wrong
        Fit      = ($All | ForEach-Object { "$($_.Thumbprint) until $($_.Until), issued by $($_.Issuer)$(if ($_.Fault) { ", not usable: $($_.Fault)" })" }) -join '; '
        Saved    = ConvertTo-Saved -Values @(Read-RegistryValue -Path $RdpTcp -Name SSLCertificateSHA1Hash)
        Needed   = (-not $Other) -and ($Wrong -or $Settings['Replace']) -and ($Fit.Count -gt 0)
        Reason   = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Old = [string](Read-Listener).SSLCertificateSHA1Hash
    $Best = Find-Fit | Where-Object { (-not $_.Fault) -and ($_.Thumbprint -ne $Old) } | Select-Object -First 1
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
