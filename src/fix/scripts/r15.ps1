$Common += {
    $global:Cluster = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\ClusterSettings'

    # The address that the broker is told to send people to, where it is none of the host's own.
    function global:Find-StaleRedirection {
        $Entry = Read-RegistryValue -Path $Cluster -Name SessionDirectoryRedirectionIP
        $Own = @(Get-NetIPAddress -ErrorAction SilentlyContinue | ForEach-Object { $_.IPAddress })
        if ($Entry.Exists -and $Entry.Value -and ($Own.Count -gt 0) -and ($Own -notcontains $Entry.Value)) { $Entry }
    }
}

$Check = {
    param($Settings)
    $Setting = Get-CimInstance -Namespace root/cimv2/TerminalServices -ClassName Win32_TSGeneralSetting -Filter "TerminalName='RDP-Tcp'"
    $Thumbprint = [string]$Setting.SSLCertificateSHA1Hash
    $Certificate = Get-ChildItem -Path 'Cert:\LocalMachine\My', 'Cert:\LocalMachine\Remote Desktop' -ErrorAction SilentlyContinue | Where-Object { $_.Thumbprint -eq $Thumbprint } | Select-Object -First 1
    $Active = Read-RegistryValue -Path $Cluster -Name SessionDirectoryActive
    $Stale = Find-StaleRedirection
    $Same = "to compare with the other members: certificate $Thumbprint, SecurityLayer $($Setting.SecurityLayer), UserAuthentication $($Setting.UserAuthenticationRequired)"
    [pscustomobject]@{
        Certificate        = if ($Certificate) { "$($Certificate.Subject), until $($Certificate.NotAfter.ToUniversalTime().ToString('u'))" } else { 'not in the stores' }
        Thumbprint         = $Thumbprint
        SecurityLayer      = $Setting.SecurityLayer
        UserAuthentication = $Setting.UserAuthenticationRequired
        Broker             = $Active.Exists -and ($Active.Value -eq 1)
        Saved              = ConvertTo-Saved -Values @($Stale | Where-Object { $_ })
        Needed             = [bool]$Stale
        Reason             = if ($Stale) { "people are sent to $($Stale.Value), which is none of its addresses; $Same" } else { $Same }
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Stale = Find-StaleRedirection
    if (-not $Stale) { return 'SessionDirectoryRedirectionIP no longer names an address that is not of the host: nothing was removed' }
    Remove-ItemProperty -LiteralPath $Stale.Path -Name $Stale.Name
    "SessionDirectoryRedirectionIP $($Stale.Value) is removed; it counts from the next start of TermService, which is left to you"
}

$Restore = {
    param($Settings, $Saved)
    $ErrorActionPreference = 'Stop'
    Restore-RegistryValue -Saved $Saved
    'it counts from the next start of TermService, which is left to you'
}
