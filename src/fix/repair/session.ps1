# Sessions to hosts: opening them side by side, running blocks in them with a limit, and whether the right machine answers.
function Connect-RdpHost {
    param([string[]] $Computers, [int] $OpenSeconds)
    $Options = $SessionOption
    if (-not $Options) {
        $Options = New-PSSessionOption
        $Options.OpenTimeout = [timespan]::FromSeconds($OpenSeconds)
        $Options.CancelTimeout = [timespan]::FromSeconds(5)
        $Options.MaxConnectionRetryCount = 0
    }
    $Way = @{
        ComputerName = $Computers; SessionOption = $Options; ThrottleLimit = $ThrottleLimit
        ErrorAction = 'SilentlyContinue'; ErrorVariable = 'Failures'
    }
    if ($Credential) { $Way.Credential = $Credential }
    if ($UseSSL) { $Way.UseSSL = $true }
    if ($Port) { $Way.Port = $Port }
    if ($Authentication) { $Way.Authentication = $Authentication }
    $Failures = @()
    $Opened = @{ Sessions = @{}; Failures = @{}; TimedOut = @() }
    foreach ($Session in @(New-PSSession @Way)) { $Opened.Sessions[[string]$Session.ComputerName] = $Session }
    foreach ($Failure in $Failures) {
        $Target = $Failure.TargetObject
        $Computer = if ($Target -is [string]) { $Target }
        elseif ($Target -and $Target.PSObject.Properties['ConnectionInfo']) { $Target.ConnectionInfo.ComputerName }
        elseif ($Computers.Count -eq 1) { $Computers[0] }
        else { '' }
        $Opened.Failures[$Computer] = [string]$Failure.Exception.Message
        if ($Computer -and ($Failure.FullyQualifiedErrorId -match 'Timeout|TimedOut')) { $Opened.TimedOut += $Computer }
    }
    $Opened
}

function Close-RdpHost {
    param([object[]] $Sessions)
    foreach ($Session in @($Sessions | Where-Object { $_ })) {
        Remove-PSSession -Session $Session -WhatIf:$false -Confirm:$false -ErrorAction SilentlyContinue
    }
}

# Which of these computers accept a connection where remoting listens. All are tried at once: dead ones cost the limit once.
function Find-Accepting {
    param([string[]] $Computers, [int] $Seconds)
    $Number = if ($Port) { $Port } elseif ($UseSSL) { 5986 } else { 5985 }
    $Clients = @{}
    try {
        $Waiting = @(foreach ($Computer in $Computers) {
                $Clients[$Computer] = New-Object -TypeName System.Net.Sockets.TcpClient
                try { $Clients[$Computer].BeginConnect($Computer, $Number, $null, $null) } catch {
                    Write-Verbose -Message "${Computer}: $_"
                }
            })
        $End = [datetime]::UtcNow.AddSeconds($Seconds)
        foreach ($Opening in $Waiting) {
            $null = $Opening.AsyncWaitHandle.WaitOne([int][math]::Max(0, ($End - [datetime]::UtcNow).TotalMilliseconds))
        }
        foreach ($Computer in $Computers) { if ($Clients[$Computer].Connected) { $Computer } }
    }
    finally { foreach ($Client in $Clients.Values) { $Client.Close() } }
}

# Runs a block in sessions, with a limit: Output by session id, and Failures by session id.
function Invoke-OnHost {
    param([object[]] $Sessions, [scriptblock] $Block, [object[]] $Words = @(), [int] $Seconds)
    $Answers = @{ Output = @{}; Failures = @{} }
    $Job = Invoke-Command -Session $Sessions -ScriptBlock $Block -ArgumentList $Words -AsJob -ThrottleLimit $ThrottleLimit
    try {
        $End = [datetime]::UtcNow.AddSeconds($Seconds)
        while ((@('Running', 'NotStarted') -contains $Job.State) -and ([datetime]::UtcNow -lt $End)) {
            $null = Wait-Job -Job $Job -Timeout 1
        }
        for ($I = 0; $I -lt @($Job.ChildJobs).Count; $I++) {
            $Child = $Job.ChildJobs[$I]
            $Id = $Sessions[$I].InstanceId
            if ($Child.PSObject.Properties['Runspace'] -and $Child.Runspace) { $Id = $Child.Runspace.InstanceId }
            if (@('Completed', 'Failed') -notcontains $Child.State) { $Answers.Failures[$Id] = "it took longer than $Seconds s"; continue }
            $Errors = @()
            $Quiet = @{ ErrorAction = 'SilentlyContinue'; WarningAction = 'SilentlyContinue' }
            $Answers.Output[$Id] = @(Receive-Job -Job $Child -ErrorVariable Errors @Quiet)
            if ($Child.State -eq 'Failed') {
                $Reason = $Child.JobStateInfo.Reason
                $Answers.Failures[$Id] = if ($Reason) { [string]$Reason.Message } elseif ($Errors) { [string]$Errors[0] } else {
                    'the call failed'
                }
            }
        }
    }
    finally {
        if ($Job.State -eq 'Running') { Stop-Job -Job $Job -ErrorAction SilentlyContinue }
        Remove-Job -Job $Job -Force -ErrorAction SilentlyContinue
    }
    $Answers
}

# The language mode and version of PowerShell there, and the name by which the machine calls itself.
$WhoBlock = { "$($ExecutionContext.SessionState.LanguageMode)|$($PSVersionTable.PSVersion.Major)|$env:COMPUTERNAME" }

# The identity of a machine from its answer: its name, or a Status and why it is not gone on with.
function Test-RdpHost {
    param($Row, [string[]] $Answer, [string] $Failure)
    $Who = @{ Status = ''; Detail = ''; Name = ''; Identity = 'not compared' }
    if ($Failure) { $Who.Status = 'unknown'; $Who.Detail = "it cannot be read: $Failure"; return $Who }
    $Mode, $Version, $Who.Name = ([string]@($Answer)[0]).Split('|')
    $Who.Identity = "$(if ($Row.ExpectedName) { 'compared' } else { 'not compared' }): $($Who.Name)"
    # The computer name of Windows ends after 15 letters.
    $Expected = ([string]$Row.ExpectedName).Split('.')[0]
    if ($Expected -and ($Who.Name -ne $Expected) -and ($Who.Name -ne $Expected.Substring(0, [math]::Min(15, $Expected.Length)))) {
        $Who.Status = 'blocked'
        $Who.Detail = "another machine answers: $($Who.Name) instead of $($Row.ExpectedName)"
    }
    elseif ([int]$Version -lt 3) {
        $Who.Status = 'blocked'
        $Who.Detail = "PowerShell $Version answers, and this takes 3 or newer: do it by hand"
    }
    elseif ($Mode -ne 'FullLanguage') { $Who.Status = 'unknown'; $Who.Detail = "PowerShell there is constrained ($Mode): do it by hand" }
    $Who
}

# A session to one host that has all functions and is the machine of before; or why not.
function Open-RdpHost {
    param($Row, [string] $Identity)
    $Opened = Connect-RdpHost -Computers @($Row.Computer) -OpenSeconds 60
    $Session = @($Opened.Sessions.Values)[0]
    if (-not $Session) {
        return @{ Session = $null; Status = 'unknown'; Detail = "it cannot be reached: $(@($Opened.Failures.Values) -join ' ')" }
    }
    $Answers = Invoke-OnHost -Sessions @($Session) -Block $WhoBlock -Seconds 60
    $Who = Test-RdpHost -Row $Row -Answer $Answers.Output[$Session.InstanceId] -Failure $Answers.Failures[$Session.InstanceId]
    if (-not $Who.Status -and $Identity -and ($Who.Identity -ne $Identity)) {
        $Who = @{ Status = 'blocked'; Detail = "another machine answers: $($Who.Name)" }
    }
    if (-not $Who.Status) {
        foreach ($Block in $HostFunctions, $HostChanges) {
            $Sent = Invoke-OnHost -Sessions @($Session) -Block $Block -Seconds 60
            foreach ($Failure in $Sent.Failures.Values) { $Who = @{ Status = 'unknown'; Detail = "it cannot be read: $Failure" } }
        }
    }
    if ($Who.Status) { Close-RdpHost -Sessions @($Session); $Session = $null }
    @{ Session = $Session; Status = $Who.Status; Detail = $Who.Detail }
}
