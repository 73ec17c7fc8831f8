$Check = {
    param($Settings)
    $Entry = [System.Net.Dns]::GetHostEntry('').HostName
    $Own = @(Get-NetIPAddress -ErrorAction SilentlyContinue | Where-Object { [string]$_.AddressState -eq 'Preferred' } | ForEach-Object { $_.IPAddress })
    $Told = @()
    $Fault = ''
    try { $Told = @(Resolve-DnsName -Name $Entry -Type A_AAAA -DnsOnly -ErrorAction Stop | Where-Object { $_.Section -eq 'Answer' } | ForEach-Object { $_.IPAddress }) }
    catch {
        # 9003: there is no such name; 9501: it has no address. Anything else says nothing about the record.
        $Code = if ($_.Exception.PSObject.Properties.Name -contains 'NativeErrorCode') { $_.Exception.NativeErrorCode } else { 0 }
        if (@(9003, 9501) -notcontains $Code) { $Fault = $_.Exception.Message }
    }
    $Foreign = @($Told | Where-Object { $_ -and ($Own -notcontains $_) })
    [pscustomobject]@{
        Name      = $Entry
        Addresses = $Own -join ' '
        InDns     = $Told -join ' '
        Needed    = (-not $Fault) -and (($Told.Count -eq 0) -or ($Foreign.Count -gt 0))
        Reason    = if ($Fault) { "DNS could not be asked: $Fault" } elseif ($Told.Count -eq 0) { 'the name is not in DNS' } elseif ($Foreign.Count -gt 0) { "DNS leads elsewhere: $($Foreign -join ' ')" } else { 'DNS leads here: look at the client and at other names' }
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    Register-DnsClient
    'the host registers its name again; a wrong record that it does not own must be removed on the DNS server'
}
