    # From where Remote Desktop may be reached, as in '10.0.9.0/24'. Needed for -Apply: the port is never opened to everyone.
    [ValidatePattern('^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$')]
    [string[]] $AdminNetwork,
#---
if ($Apply -and -not $AdminNetwork) { throw 'say with -AdminNetwork from where Remote Desktop may be reached' }
$Settings['AdminNetwork'] = $AdminNetwork

$Check = {
    param($Settings)
    $Rules = @(Get-NetFirewallRule -Name 'RemoteDesktop-UserMode-In-TCP', 'RemoteDesktop-UserMode-In-UDP' -ErrorAction SilentlyContinue)
    $Off = @($Rules | Where-Object { [string]$_.Enabled -ne 'True' })
    [pscustomobject]@{
        Rules    = ($Rules | ForEach-Object { "$($_.Name): enabled $($_.Enabled), profile $($_.Profile), from $(($_ | Get-NetFirewallAddressFilter).RemoteAddress -join ' ')" }) -join '; '
        Networks = (Get-NetConnectionProfile -ErrorAction SilentlyContinue | ForEach-Object { "$($_.InterfaceAlias) $($_.NetworkCategory)" }) -join '; '
        Needed   = ($Rules.Count -gt 0) -and ($Off.Count -gt 0)
        Reason   = if ($Rules.Count -eq 0) { 'the built-in rules are not there' } elseif ($Off.Count -gt 0) { "switched off: $($Off.Name -join ', ')" } else { 'the rules are on: look at the network in between' }
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    Set-NetFirewallRule -Name 'RemoteDesktop-UserMode-In-TCP', 'RemoteDesktop-UserMode-In-UDP' -Enabled True -Profile Domain -RemoteAddress $Settings['AdminNetwork']
    "the rules are on for the domain profile, from $($Settings['AdminNetwork'] -join ', ')"
}
