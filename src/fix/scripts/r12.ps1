$Check = {
    param($Settings)
    $Status = (& w32tm.exe /query /status 2>&1 | Out-String).Trim()
    $Running = (Get-Service -Name W32Time).Status -eq 'Running'
    [pscustomobject]@{
        TimeUtc = (Get-Date).ToUniversalTime().ToString('u')
        Status  = $Status
        Needed  = $Running
        Reason  = if ($Running) { 'fetch the time again' } else { 'the service W32Time is not running: see why before you start it' }
    }
}

$Change = {
    param($Settings)
    $ErrorActionPreference = 'Stop'
    $Told = (& w32tm.exe /resync /rediscover 2>&1 | Out-String).Trim()
    if ($LASTEXITCODE -ne 0) { throw $Told }
    "$Told; now $((Get-Date).ToUniversalTime().ToString('u'))"
}
