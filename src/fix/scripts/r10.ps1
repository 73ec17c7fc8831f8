$Check = {
    param($Settings)
    $Entry = [System.Net.Dns]::GetHostEntry('').HostName
    $Own = @(Get-NetIPAddress -AddressFamily IPv6 -ErrorAction SilentlyContinue | Where-Object { [string]$_.AddressState -eq 'Preferred' } | ForEach-Object { ([string]$_.IPAddress).Split('%')[0] })
    $Told = @(Resolve-DnsName -Name $Entry -Type AAAA -DnsOnly -ErrorAction SilentlyContinue | Where-Object { ($_.Section -eq 'Answer') -and ([string]$_.Type -eq 'AAAA') } | ForEach-Object { $_.IPAddress })
    $Foreign = @($Told | Where-Object { $Own -notcontains $_ })
    $Port = (Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp').PortNumber
    $Listens = @(Get-NetTCPConnection -LocalPort $Port -State Listen -ErrorAction SilentlyContinue | Where-Object { ([string]$_.LocalAddress).Contains(':') }).Count -gt 0
    $Route = @(Get-NetRoute -DestinationPrefix '::/0' -ErrorAction SilentlyContinue).Count -gt 0
    $Reason = if ($Told.Count -eq 0) { "$Entry has no AAAA record: look at the other names that lead here" }
    elseif ($Foreign.Count -gt 0) { "not addresses of this host, so to be removed on the DNS server: $($Foreign -join ' ')" }
    elseif (-not $Listens) { "the addresses are its own, but nothing listens at port $Port over IPv6" }
    elseif (-not $Route) { 'the addresses are its own, but it has no IPv6 route to other networks: mend the route, or withdraw the record' }
    else { 'the addresses are its own and it listens there: look at firewalls and routes in between' }
    [pscustomobject]@{
        Name      = $Entry
        Addresses = $Own -join ' '
        InDns     = $Told -join ' '
        Listens   = $Listens
        Route     = $Route
        Needed    = ($Told.Count -gt 0) -and (($Foreign.Count -gt 0) -or (-not $Listens) -or (-not $Route))
        Reason    = $Reason
    }
}
