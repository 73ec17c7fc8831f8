    # From where Remote Desktop may be reached: addresses and networks, as in '10.0.9.0/24', '2001:db8:9::/64'. Needed for -Apply:
    # the port is never opened to everyone.
    [ValidateScript({
            $Text = $_
            $Number = [System.Net.IPAddress]::Any
            $Address, $Length = $Text.Split('/')
            if (($Text -notmatch '^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)(/[0-9]{1,3})?$') -or
                -not [System.Net.IPAddress]::TryParse($Address, [ref]$Number)) {
                throw "'$Text' is neither an address nor a network; write it as in 10.0.9.0/24"
            }
            $Narrowest, $Widest = if ($Number.AddressFamily -eq 'InterNetwork') { 32, 8 } else { 128, 32 }
            $Bits = if ($Length) { [int]$Length } else { $Narrowest }
            if (($Bits -lt $Widest) -or $Address.StartsWith('0.') -or ($Number -eq [System.Net.IPAddress]::IPv6Any)) {
                throw "'$Text' is (nearly) everyone; name the network of the admins, /$Widest or narrower"
            }
            if ($Bits -gt $Narrowest) { throw "'$Text' has a prefix longer than /$Narrowest; write it as in 10.0.9.0/24" }
            $true
        })]
    [string[]] $AdminNetwork,
    # For which kind of network, of those that the host is in: by default for all of these. Never Public. A host that is in no such
    # network is left alone.
    [ValidateSet('Domain', 'Private')]
    [string] $NetworkProfile,
#---
if ($Apply -and -not $Undo -and -not $AdminNetwork) { throw 'say with -AdminNetwork from where Remote Desktop may be reached, as in 10.0.9.0/24' }
$Settings['AdminNetwork'] = $AdminNetwork -join ' '
$Settings['NetworkProfile'] = $NetworkProfile

$Common += {
    # The built-in rules, TCP first, each with what it says.
    function global:Read-Rule {
        foreach ($Name in 'RemoteDesktop-UserMode-In-TCP', 'RemoteDesktop-UserMode-In-UDP') {
            $Rule = Get-NetFirewallRule -Name $Name -ErrorAction SilentlyContinue
            if ($Rule) {
                [pscustomobject]@{
                    Name          = $Name
                    Enabled       = [string]$Rule.Enabled
                    Profile       = [string]$Rule.Profile
                    Action        = [string]$Rule.Action
                    RemoteAddress = @(($Rule | Get-NetFirewallAddressFilter).RemoteAddress | ForEach-Object { [string]$_ })
                    LocalPort     = [string]($Rule | Get-NetFirewallPortFilter).LocalPort
                }
            }
        }
    }

    # The profiles of the networks that the host is in, without Public.
    function global:Find-Profile {
        Get-NetConnectionProfile -ErrorAction SilentlyContinue | ForEach-Object { [string]$_.NetworkCategory } |
            Where-Object { $_ -ne 'Public' } | ForEach-Object { if ($_ -eq 'DomainAuthenticated') { 'Domain' } else { $_ } } |
            Select-Object -Unique
    }

    # The rules that are to be switched on, and for which profile; or why none is.
    function global:Find-Opening {
        param($Settings)
        $Rules = @(Read-Rule)
        $Tcp = $Rules | Where-Object { $_.Name -like '*TCP' }
        $There = @(Find-Profile)
        $Only = $Settings['NetworkProfile']
        $Profiles = @($There | Where-Object { -not $Only -or ($_ -eq $Only) })
        $Port = (Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp').PortNumber
        $Deaf = @(Get-NetFirewallProfile -PolicyStore ActiveStore -ErrorAction SilentlyContinue |
                Where-Object { ($Profiles -contains $_.Name) -and ([string]$_.AllowLocalFirewallRules -eq 'False') })
        $Why = if (-not $Tcp) { 'the built-in rule for TCP is not there' }
        elseif ($Tcp.Enabled -eq 'True') {
            "the rule for TCP is on, for $($Tcp.Profile), from $($Tcp.RemoteAddress -join ' '), and is left as it is: if that leaves you out, change it by hand; else look at the network in between"
        }
        elseif (@($Rules | Where-Object { $_.Action -ne 'Allow' }).Count -gt 0) { 'a built-in rule was made to block: see who did that, and why' }
        elseif ($Tcp.LocalPort -ne [string]$Port) { "the listener is at port $Port and the built-in rules open $($Tcp.LocalPort): it wants a rule of its own" }
        elseif ($There.Count -eq 0) { 'it is in no network of the kind Domain or Private, and the port is not opened for Public ones: find out first why it is in no other' }
        elseif ($Profiles.Count -eq 0) { "it is in no network of the kind $Only, but of the kind $($There -join ', '): leave -NetworkProfile out, or find out why" }
        elseif ($Deaf.Count -gt 0) { 'group policy ignores rules made on the host: open it in the policy' }
        $Off = @(if (-not $Why) { $Rules | Where-Object { $_.Enabled -ne 'True' } })
        [pscustomobject]@{ Rules = $Rules; Profiles = $Profiles; Why = $Why; Off = $Off }
    }
}

$Check = {
    param($Settings)
    $Opening = Find-Opening -Settings $Settings
    [pscustomobject]@{
        Rules    = ($Opening.Rules | ForEach-Object { "$($_.Name): enabled $($_.Enabled), $($_.Action), profile $($_.Profile), from $($_.RemoteAddress -join ' ')" }) -join '; '
        Networks = (Get-NetConnectionProfile -ErrorAction SilentlyContinue | ForEach-Object { "$($_.InterfaceAlias) $($_.NetworkCategory)" }) -join '; '
        Saved    = ConvertTo-Json -Compress -Depth 5 -InputObject @{ Rules = @($Opening.Off) }
        Needed   = @($Opening.Off).Count -gt 0
        Reason   = if ($Opening.Why) { $Opening.Why } else { "switched off: $(($Opening.Off | ForEach-Object { $_.Name }) -join ', '); to be on for $($Opening.Profiles -join ', ')" }
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Opening = Find-Opening -Settings $Settings
    $Networks = @(([string]$Settings['AdminNetwork']).Split(' ') | Where-Object { $_ })
    if ($Networks.Count -eq 0) { throw 'no network is named, and the port is not opened to everyone' }
    foreach ($Rule in $Opening.Off) {
        Set-NetFirewallRule -Name $Rule.Name -Profile ($Opening.Profiles -join ', ') -RemoteAddress $Networks
        Enable-NetFirewallRule -Name $Rule.Name
    }
    "switched on for $($Opening.Profiles -join ', '), from $($Networks -join ', '): $(($Opening.Off | ForEach-Object { $_.Name }) -join ', ')"
}

$Restore = {
    param($Settings, $Saved)
    $ErrorActionPreference = 'Stop'
    foreach ($Rule in @((ConvertFrom-Json -InputObject $Saved).Rules)) {
        Set-NetFirewallRule -Name $Rule.Name -Enabled $Rule.Enabled -Profile $Rule.Profile -RemoteAddress @($Rule.RemoteAddress)
        "$($Rule.Name): enabled $($Rule.Enabled), profile $($Rule.Profile), from $($Rule.RemoteAddress -join ' '), as before"
    }
}
