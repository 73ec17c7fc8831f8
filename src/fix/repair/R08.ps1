# R8: the service and the listener. It never waits for a certificate, and turns Remote Desktop on only where R8 is named.
function Measure-R8 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $State = [string](Find-Fact -Facts $Facts -Path Services.TermService.State)
    if (-not $State) { $Finding.Unknown += 'the service TermService was not read' }
    $Deny = Find-Fact -Facts $Facts -Path Settings.fDenyTSConnections
    $Station = Find-Fact -Facts $Facts -Path Settings.fEnableWinStation
    if (-not $Deny -or -not $Station) { $Finding.Unknown += 'whether Remote Desktop is on is unknown' }
    if ($Finding.Unknown) { return $Finding }
    $Mode = [string](Find-Fact -Facts $Facts -Path Services.TermService.StartMode)
    $Number = [int]$Facts.Port.Number
    $Named = Test-Named -Facts $Facts -Remedy R8
    $IsOff = $false
    if (($null -ne $Deny.Policy) -and ([int]$Deny.Policy -ne 0)) {
        $Finding.Wrong += 'policy turns Remote Desktop off'
        $Finding.Blocked += 'change the policy'
        $IsOff = $true
    }
    elseif (($null -eq $Deny.Policy) -and $Deny.Exists -and ([int]$Deny.Value -ne 0)) {
        $Finding.Wrong += 'Remote Desktop is off (fDenyTSConnections)'
        $Finding.Changes += New-RegistryChange -Before $Deny -Value 0 -Kind DWord
        $IsOff = $true
    }
    if ($Station.Exists -and ([int]$Station.Value -ne 1)) {
        $Finding.Wrong += 'the listener is off (fEnableWinStation)'
        $Finding.Changes += New-RegistryChange -Before $Station -Value 1 -Kind DWord
        $IsOff = $true
    }
    if ($IsOff -and -not $Named) { $Finding.Blocked += 'that is a decision: name R8 for this host to turn it on' }
    elseif ($IsOff) { $Finding.Note = 'the firewall may need R7' }
    if (($State -ne 'Running') -and ($State -ne 'Stopped')) {
        $Finding.Wrong += "TermService is neither running nor stopped ($State)"
        $Finding.Blocked += 'restart the machine'
    }
    elseif ($State -ne 'Running') {
        $Finding.Wrong += 'TermService is not running'
        if ($Mode -eq 'Disabled') { $Finding.Blocked += 'TermService is disabled, on purpose it seems: ask first' }
        $Finding.Changes += [pscustomobject]@{ Kind = 'start'; Service = 'TermService' }
    }
    $Owners = @($Facts.Port.Owners | Where-Object { $_ })
    $Process = [int](Find-Fact -Facts $Facts -Path Services.TermService.ProcessId)
    # Where TermService is stopped, an entry without a living process is none.
    $Foreign = @($Owners | Where-Object { ($_.ProcessId -ne $Process) -and (($State -eq 'Running') -or $_.Program) })
    if ($Foreign) {
        $Program = if ($Foreign[0].Program) { "$($Foreign[0].Program), process $($Foreign[0].ProcessId)" }
        else { "process $($Foreign[0].ProcessId)" }
        $Finding.Wrong += "port $Number belongs to another program ($Program)"
        $Finding.Blocked += 'stop that program, or move it to another port'
    }
    elseif (($State -eq 'Running') -and -not $Owners) {
        $Finding.Wrong += "nothing listens at port $Number"
        if (-not $IsOff) { $Finding.Blocked += 'TermService runs without a listener: look at its events, and restart it by hand' }
    }
    $Scanned = Find-Fact -Facts $Facts -Path Request.Port
    if ($Scanned -and ([int]$Scanned -ne $Number)) {
        $Finding.Wrong += "the listener is set to port $Number, and port $Scanned was scanned"
        $Finding.Blocked += 'connect to its port, or set PortNumber by hand'
    }
    $Address = [string](Find-Fact -Facts $Facts -Path Request.Address)
    $Mine = @($Owners | Where-Object { $_.ProcessId -eq $Process } | ForEach-Object { $_.Address })
    if (($State -eq 'Running') -and $Mine -and $Address -and -not @($Mine |
        Where-Object { @('0.0.0.0', '::', $Address) -contains $_ }).Count) {
        $Finding.Wrong += "it listens at $($Mine -join ', ') only, and $Address was scanned"
        $Finding.Blocked += 'see LanAdapter'
    }
    if (-not $Finding.Wrong) {
        $Finding.Note = "TermService listens at port $Number"
        if ((Find-Fact -Facts $Facts -Path Services.UmRdpService.State) -eq 'Stopped') {
            $Finding.Note += '; UmRdpService is stopped, so devices are not redirected'
        }
    }
    $Finding
}
