# R12: the clock, measured against the host's time source, and against this machine.
function Measure-R12 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $Finding.NoWayBack = 'the time before'
    $Offset = Find-Fact -Facts $Facts -Path Clock.Offset
    $Skew = Find-Fact -Facts $Facts -Path Clock.Skew
    $Peer = [string](Find-Fact -Facts $Facts -Path Clock.Peer)
    $Far = ($null -ne $Skew) -and ([math]::Abs([double]$Skew) -gt 300)
    if ($null -ne $Offset) {
        if ([math]::Abs([double]$Offset) -gt 5) { $Finding.Wrong += "$Offset s off $Peer" }
        elseif ($Far) {
            $Finding.Wrong += "$Skew s off this machine, while $Peer agrees with the host"
            $Finding.Blocked += 'see who should set this clock, there and here'
        }
        else { $Finding.Note = "within 5 s of $Peer" }
    }
    elseif ($Peer) { $Finding.Unknown += "the clock cannot be compared: $Peer gave no time" }
    elseif ($Far) {
        $Finding.Wrong += "$Skew s off this machine, and it has no time server"
        $Finding.Blocked += 'see who should set this clock'
    }
    elseif ($null -eq $Skew) { $Finding.Unknown += 'the clock cannot be compared' }
    else { $Finding.Note = 'no time server; within 5 minutes of this machine' }
    $Controller = Find-Fact -Facts $Facts -Path Identity.DomainController
    if ($Controller) { $Finding.Blocked += 'it is a domain controller: see who should set this clock' }
    elseif ($null -eq $Controller) { $Finding.Unsure += 'whether it is a domain controller is unknown' }
    $Mode = Find-Fact -Facts $Facts -Path Services.W32Time.StartMode
    if ($Mode -eq 'Disabled') { $Finding.Blocked += 'W32Time is disabled: see who should set this clock' }
    elseif (-not $Mode) { $Finding.Unsure += 'the service W32Time was not read' }
    # In a workgroup the service starts on demand.
    elseif (((Find-Fact -Facts $Facts -Path Services.W32Time.State) -ne 'Running') -and (Find-Fact -Facts $Facts -Path Identity.InDomain)) {
        $Finding.Blocked += 'W32Time is not running: see why'
    }
    $Finding.Changes = @([pscustomobject]@{ Kind = 'resync' })
    $Finding
}
