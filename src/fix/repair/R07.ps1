# R7: the built-in rules of the firewall, opened to the networks of admins only.
function Measure-R7 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $Rules = @($Facts.Firewall.Rules | Where-Object { $_ })
    $Tcp = $Rules | Where-Object { $_.Name -eq 'RemoteDesktop-UserMode-In-TCP' } | Select-Object -First 1
    $Only = [string](Find-Fact -Facts $Facts -Path Request.NetworkProfile)
    $Networks = @($Facts.Firewall.Networks | Where-Object { $_ })
    $Open = @($Networks | Where-Object { ($_ -ne 'Public') -and (-not $Only -or ($_ -eq $Only)) })
    $Profiles = @($Facts.Firewall.Profiles | Where-Object { $_ -and ($Networks -contains $_.Name) })
    $Blocks = @(Find-Fact -Facts $Facts -Path Firewall.Blocks.Items | Where-Object { $_ })
    if ($Blocks) {
        $Finding.Wrong += "rules block port $($Facts.Port.Number): $($Blocks -join ', ')"
        $Finding.Blocked += 'see who made them'
    }
    if (-not $Tcp) { $Finding.Wrong += 'the built-in rule for TCP is not there'; $Finding.Blocked += 'make a rule by hand' }
    elseif ($Profiles -and -not @($Profiles | Where-Object { $_.Enabled -ne 'False' }).Count) {
        $Finding.Note = 'the firewall is off: look at the network in between'
        return $Finding
    }
    elseif ($Tcp.Enabled -eq 'True') {
        if (-not $Finding.Wrong) {
            $Finding.Note = "the rule is on for $($Tcp.Profile) from $(@($Tcp.RemoteAddress) -join ', '), and is left as it is:" +
            ' look at the network in between'
        }
    }
    else { $Finding.Wrong += 'the built-in rule for Remote Desktop is off' }
    if (-not $Finding.Wrong) { return $Finding }
    $Why = [string](Find-Fact -Facts $Facts -Path Request.Why)
    if ($Why -and ($Why -notmatch 'RDP-TCP-|unreachable|timed out|filtered') -and
        -not (@(Find-Fact -Facts $Facts -Path Request.Remedies) -contains 'R7')) {
        # Some other rule lets it in, as one of a policy does. That is a fault only where somebody asks for R7.
        if (-not $Blocks -and -not (Test-Named -Facts $Facts -Remedy R7)) {
            $Finding.Note = "$($Finding.Wrong -join '; '), and the scan reached the port: another rule lets it in"
            $Finding.Wrong = @()
            return $Finding
        }
        $Finding.Blocked += 'the scan reached the port, so the firewall is not in the way'
    }
    if (@($Rules | Where-Object { $_.Action -ne 'Allow' }).Count) {
        $Finding.Blocked += 'a built-in rule was made to block: see who did that'
    }
    if ($Tcp -and ($Tcp.LocalPort -ne [string]$Facts.Port.Number)) {
        $Finding.Blocked += "the rule opens port $($Tcp.LocalPort), and the listener is at $($Facts.Port.Number):" +
        ' it takes a rule of its own'
    }
    if (-not $Networks) { $Finding.Unsure += 'the networks of the host are unknown' }
    elseif (-not $Open) {
        $Others = if ($Only) { " or others than $Only" }
        $Finding.Blocked += "its networks are $($Networks -join ', '), and the port is not opened to Public ones$Others"
    }
    if (-not $Profiles) { $Finding.Unsure += 'the profiles of the firewall are unknown' }
    if (@($Profiles | Where-Object { $_.Inbound -eq 'False' }).Count) { $Finding.Blocked += 'the firewall blocks everything inbound' }
    if (@($Profiles | Where-Object { ($Open -contains $_.Name) -and ($_.LocalRules -eq 'False') }).Count) {
        $Finding.Blocked += 'policy ignores rules of the host: open it in the policy'
    }
    $From = @(Find-Fact -Facts $Facts -Path Request.AdminNetwork | Where-Object { $_ })
    if (-not $From) { $Finding.Blocked += 'give -AdminNetwork, such as 10.0.9.0/24: the port is never opened to everyone' }
    $Finding.Changes = @($Rules | Where-Object { $_.Enabled -ne 'True' } | ForEach-Object {
            [pscustomobject]@{ Kind = 'firewall'; Name = $_.Name; Before = $_; Profile = $Open -join ', '; RemoteAddress = $From }
        })
    $Finding.Note = "for $($Open -join ', '), from $($From -join ', ')"
    if (Find-Unknown -Facts $Facts.Firewall -Group Blocks) { $Finding.Note += '; whether a rule blocks the port was not read' }
    $Finding
}
