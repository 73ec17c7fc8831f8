$Common += {
    # Whom the clock is compared with: in a domain its controllers, else the source that is set.
    function global:Find-TimePeer {
        $Computer = Get-CimInstance -ClassName Win32_ComputerSystem
        $Peer = if ($Computer.PartOfDomain) { [string]$Computer.Domain } else { (Invoke-Program -Program 'w32tm.exe' -Words '/query', '/source').Told.Split(',')[0] }
        if ($Peer -match '^[A-Za-z0-9][A-Za-z0-9._-]*$') { $Peer }
    }

    # By how many seconds the clock is off; nothing when it cannot be measured.
    function global:Measure-Offset {
        param([string] $Peer)
        $Told = (Invoke-Program -Program 'w32tm.exe' -Words '/stripchart', "/computer:$Peer", '/samples:3', '/dataonly').Told
        $Found = @([regex]::Matches($Told, '[+-][0-9]+[.,][0-9]+(?=s)') | ForEach-Object { [double]($_.Value -replace ',', '.') })
        if ($Found.Count -gt 0) { $Found[-1] }
    }
}

$Check = {
    param($Settings)
    $Running = (Get-Service -Name W32Time).Status -eq 'Running'
    $Source = (Invoke-Program -Program 'w32tm.exe' -Words '/query', '/source').Told
    $Peer = Find-TimePeer
    $Offset = if ($Peer) { Measure-Offset -Peer $Peer } else { $null }
    $Off = ($null -ne $Offset) -and ([math]::Abs($Offset) -gt 5)
    $Reason = if (-not $Running) { 'the service W32Time is not running: see why before you start it' }
    elseif (-not $Peer) { "its source is no server to compare with ($Source): see who should set this clock" }
    elseif ($null -eq $Offset) { "the offset could not be measured, for $Peer gave no time: mend the source first" }
    elseif ($Off) { "$Offset s off $Peer" }
    else { "within 5 s of ${Peer}: $Offset s" }
    [pscustomobject]@{
        TimeUtc = (Get-Date).ToUniversalTime().ToString('u')
        Source  = $Source
        Peer    = $Peer
        Offset  = $Offset
        Needed  = $Running -and $Off
        Reason  = $Reason
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Ran = Invoke-Program -Program 'w32tm.exe' -Words '/resync', '/rediscover'
    if ($Ran.Code -ne 0) { throw $Ran.Told }
    $Peer = Find-TimePeer
    "fetched; now $((Get-Date).ToUniversalTime().ToString('u')), $(if ($Peer) { Measure-Offset -Peer $Peer }) s off $Peer"
}
