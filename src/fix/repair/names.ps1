# R9, R10 and R11: the names of the host.
function Measure-R9 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $Finding.NoWayBack = 'the records before'
    $FullName = [string](Find-Fact -Facts $Facts -Path Identity.FullName)
    $Own = @($Facts.Addresses.Items)
    $Answers = @($Facts.Dns.Answers | Where-Object { $_ })
    $Silent = @()
    foreach ($Answer in $Answers) {
        $Found = @($Answer.Addresses | Where-Object { $_ })
        if ($Answer.Unknown) { $Silent += "the DNS server $($Answer.Server) does not answer: $($Answer.Unknown)"; continue }
        $Other = @($Found | Where-Object { $Own -notcontains $_ })
        if (-not $Found) { $Finding.Wrong += "$FullName is not in DNS at $($Answer.Server)" }
        elseif ($Other) {
            $Finding.Wrong += "$FullName resolves to $($Other -join ', ') at $($Answer.Server)"
            $Finding.Note = 'remove a wrong record on the server: the host cannot'
        }
    }
    if (-not $Answers -or -not $FullName) { $Finding.Unknown += 'no DNS server was asked' }
    if (-not $Own) { $Finding.Unknown += 'its own addresses are unknown'; $Finding.Wrong = @() }
    $Finding.Unknown += $Silent
    if (-not $Facts.Dns.Registers) { $Finding.Blocked += 'the host does not register its name: correct the record on the DNS server' }
    $Finding.Changes = @([pscustomobject]@{ Kind = 'register' })
    $Finding
}

function Measure-R10 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $InDns = @($Facts.Dns.Answers | Where-Object { $_ } | ForEach-Object { $_.Addresses } | Where-Object { $_ -and $_.Contains(':') } |
        Select-Object -Unique)
    $Other = @($InDns | Where-Object { @($Facts.Addresses.Items) -notcontains $_ })
    $Finding.Unknown += @($Facts.Dns.Answers | Where-Object { $_ -and $_.Unknown } |
        ForEach-Object { "the DNS server $($_.Server) does not answer: $($_.Unknown)" })
    if (-not $InDns) { $Finding.Note = 'its name has no IPv6 address' }
    elseif ($Other) { $Finding.Wrong += "not addresses of this host: remove $($Other -join ', ') on the DNS server" }
    elseif (-not @($Facts.Port.Owners | Where-Object { $_ -and $_.Address.Contains(':') }).Count) {
        $Finding.Wrong += 'nothing listens over IPv6: withdraw the record, or see LanAdapter'
    }
    elseif (-not $Facts.Addresses.Ipv6Route) {
        $Finding.Wrong += 'it has no IPv6 route to other networks: fix the route, or withdraw the record'
    }
    else { $Finding.Note = 'its IPv6 addresses are its own: look at firewalls and routes in between' }
    $Finding
}

function Measure-R11 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $InDomain = Find-Fact -Facts $Facts -Path Identity.InDomain
    $FullName = [string](Find-Fact -Facts $Facts -Path Identity.FullName)
    if ($null -eq $InDomain) { $Finding.Unknown += 'whether it is in a domain is unknown' }
    elseif (-not $InDomain) { $Finding.Note = 'not in a domain, so NTLM by name and by address' }
    elseif (Find-Fact -Facts $Facts -Path Ntlm.Restricted) { $Finding.Wrong += "it refuses NTLM: connect as $FullName, never by address" }
    else { $Finding.Note = "Kerberos as $FullName; NTLM by address" }
    $Finding
}
