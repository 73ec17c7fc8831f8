# The run: whom it touches, what it reads, asks, changes and writes down.
$Columns = 'Computer', 'Address', 'Port', 'Identity', 'Remedy', 'Status', 'Detail', 'Time'
$HostPattern = '^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$'

function Format-Time { param([datetime] $Time) $Time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [System.Globalization.CultureInfo]::InvariantCulture) }

# A word of a command line that can be pasted.
function Format-Word { param([string] $Word) "'" + $Word.Replace("'", "''") + "'" }

function Test-IPAddress { param([string] $Text) $Address = [System.Net.IPAddress]::None; ($Text -match '[.:]') -and [System.Net.IPAddress]::TryParse($Text, [ref]$Address) }

# The rows of hosts.csv, each checked.
function Import-HostRow {
    param([string] $Path)
    if (-not (Test-Path -LiteralPath $Path)) { throw "there is no list $Path; it belongs beside this script" }
    $Line = 1
    foreach ($Row in @(Import-Csv -LiteralPath $Path -Encoding UTF8)) {
        $Line++
        $Cell = { param($Name) $Property = $Row.PSObject.Properties[$Name]; if ($Property) { ([string]$Property.Value).Trim() } else { '' } }
        $Computer, $Address, $Port, $Expected = 'Computer', 'Address', 'Port', 'ExpectedName' | ForEach-Object { & $Cell $_ }
        if (-not (Test-IPAddress $Computer) -and (($Computer -notmatch $HostPattern) -or ($Computer.Length -gt 253))) { throw "$Path, line ${Line}: Computer '$Computer' is not a host name or an address" }
        if ($Address -and -not (Test-IPAddress $Address)) { throw "$Path, line ${Line}: Address '$Address' is not an IP address" }
        if (($Port -notmatch '^[0-9]{1,5}$') -or ([int]$Port -lt 1) -or ([int]$Port -gt 65535)) { throw "$Path, line ${Line}: Port '$Port' is not a number from 1 to 65535" }
        if ($Expected -and ($Expected -notmatch $HostPattern)) { throw "$Path, line ${Line}: ExpectedName '$Expected' is not a computer name" }
        $Keys = @((& $Cell 'Remedies') -split '[\s,;]+' | Where-Object { $_ })
        foreach ($Key in $Keys) { if ($Key -notmatch '^R([1-9]|1[0-9]|2[0-9])$') { throw "$Path, line ${Line}: '$Key' in Remedies is not a remedy such as R1" } }
        [pscustomobject]@{
            Computer = $Computer; Address = $Address; Port = [int]$Port; ExpectedName = $Expected; Remedies = @($Keys | ForEach-Object { $_.ToUpperInvariant() })
            Why = & $Cell 'Why'; Farm = & $Cell 'Farm'; NoSign = (& $Cell 'Why') -match '^no sign of Windows'
        }
    }
}

# The rows that these names mean: whole names, addresses, or short names that fit one host.
function Select-HostRow {
    param([object[]] $Rows, [string[]] $Names)
    foreach ($Name in $Names) {
        if ([string]::IsNullOrWhiteSpace($Name)) { throw 'a -ComputerName is empty: name hosts of hosts.csv, or leave the parameter out for all of them' }
        $Found = @($Rows | Where-Object { ($_.Computer -eq $Name) -or ($_.Address -eq $Name) })
        if (-not $Found) { $Found = @($Rows | Where-Object { -not (Test-IPAddress $_.Computer) -and ($_.Computer.Split('.')[0] -eq $Name) }) ; if ($Found.Count -gt 1) { throw "'$Name' fits $(($Found | ForEach-Object { $_.Computer }) -join ', '): name one of them" } }
        if (-not $Found) {
            $Some = @($Rows | Select-Object -First 10 | ForEach-Object { $_.Computer })
            throw "'$Name' is not in hosts.csv; its hosts are $($Some -join ', ')$(if ($Rows.Count -gt 10) { " and $($Rows.Count - 10) more" })"
        }
        $Found
    }
}

function Confirm-AdminNetwork {
    param([string[]] $Networks)
    foreach ($Text in $Networks) {
        $Number = [System.Net.IPAddress]::Any
        $Address, $Length = ([string]$Text).Split('/')
        if (($Text -notmatch '^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)(/[0-9]{1,3})?$') -or -not [System.Net.IPAddress]::TryParse($Address, [ref]$Number)) {
            throw "-AdminNetwork '$Text' is neither an address nor a network: use the form 10.0.9.0/24"
        }
        $Narrowest, $Widest = if ($Number.AddressFamily -eq 'InterNetwork') { 32, 8 } else { 128, 32 }
        $Bits = if ($Length) { [int]$Length } else { $Narrowest }
        if (($Bits -lt $Widest) -or $Address.StartsWith('0.') -or ($Number -eq [System.Net.IPAddress]::IPv6Any)) { throw "-AdminNetwork '$Text' is (nearly) everyone: use /$Widest or longer" }
        if ($Bits -gt $Narrowest) { throw "-AdminNetwork '$Text' has an invalid prefix length: use /$Narrowest at most" }
    }
}

# ---- what is written ------------------------------------------------------------------------------------------------------------
function Add-RunText {
    param([string] $File, [string] $Text, [bool] $Mark)
    if (-not $Run.Folder) { return }
    try {
        $Path = Join-Path -Path $Run.Folder -ChildPath $File
        $New = -not [System.IO.File]::Exists($Path)
        [System.IO.File]::AppendAllText($Path, $Text + "`r`n", (New-Object -TypeName System.Text.UTF8Encoding -ArgumentList ($Mark -and $New)))
    }
    catch { if (-not $Run.Warned) { $Run.Warned = $true; Write-Warning "$File cannot be written: $($_.Exception.Message)" } }
}

function Write-RunLog { param([string] $Text) Add-RunText -File transcript.log -Text "$(Format-Time ([datetime]::UtcNow)) $Text"; Write-Verbose $Text }
function Write-Talk { param([string] $Text) Add-RunText -File transcript.log -Text "$(Format-Time ([datetime]::UtcNow)) $Text"; Write-Information -MessageData $Text -InformationAction Continue }

# One result: an object for the pipeline, a row of results.csv, a line of the log.
function Write-Result {
    param($Row, [string] $Identity, [string] $Remedy, [string] $Status, [string] $Detail)
    $Detail = $Detail -replace '[\x00-\x1F\x7F-\x9F\u200E\u200F\u202A-\u202E\u2066-\u2069]', ' '
    $Result = [pscustomobject]@{ PSTypeName = 'RdpScan.Result'; Computer = $Row.Computer; Address = $Row.Address; Port = $Row.Port; Identity = $Identity; Remedy = $Remedy; Status = $Status; Detail = $Detail; Time = Format-Time ([datetime]::UtcNow) }
    $Shown = New-Object -TypeName System.Management.Automation.PSPropertySet -ArgumentList 'DefaultDisplayPropertySet', ([string[]]('Computer', 'Remedy', 'Status', 'Detail'))
    $Result | Add-Member -MemberType MemberSet -Name PSStandardMembers -Value ([System.Management.Automation.PSMemberInfo[]]@($Shown)) -Force
    $Run.Results.Add($Result)
    # What Excel would take for a formula is text.
    $Cells = [ordered]@{}
    foreach ($Column in $Columns) { $Cells[$Column] = ([string]$Result.$Column) -replace '^(?=[=+@\t-])', "'" }
    $Lines = @([pscustomobject]$Cells | ConvertTo-Csv -NoTypeInformation)
    Add-RunText -File results.csv -Mark $true -Text $(if ($Run.Results.Count -eq 1) { $Lines -join "`r`n" } else { $Lines[-1] })
    Add-RunText -File transcript.log -Text "$($Result.Time) $($Row.Computer) ${Remedy}: $Status $Detail"
    if ($Status -eq 'failed') { Write-Error -Message "$($Row.Computer), ${Remedy}: $Detail" -ErrorAction Continue }
    $Result
}

function Write-Facts {
    if (-not $Run.Folder -or -not $Run.Facts.Count) { return }
    try {
        $File = [ordered]@{ schema = 'rdpscan.facts/1'; written = Format-Time ([datetime]::UtcNow); hosts = @($Run.Facts.Values) }
        [System.IO.File]::WriteAllText((Join-Path -Path $Run.Folder -ChildPath 'facts.json'), (ConvertTo-Json -InputObject $File -Depth 10))
    }
    catch { Write-Warning "facts.json cannot be written: $($_.Exception.Message)" }
}

# ---- sessions -------------------------------------------------------------------------------------------------------------------
# Sessions to hosts, side by side: Sessions by computer, and Failures.
function Connect-RdpHost {
    param([string[]] $Computers, [int] $OpenSeconds)
    $Options = $SessionOption
    if (-not $Options) {
        $Options = New-PSSessionOption
        $Options.OpenTimeout = [timespan]::FromSeconds($OpenSeconds)
        $Options.CancelTimeout = [timespan]::FromSeconds(5)
        $Options.MaxConnectionRetryCount = 0
    }
    $Way = @{ ComputerName = $Computers; SessionOption = $Options; ThrottleLimit = $ThrottleLimit; ErrorAction = 'SilentlyContinue'; ErrorVariable = 'Failures' }
    if ($Credential) { $Way.Credential = $Credential }
    if ($UseSSL) { $Way.UseSSL = $true }
    if ($Port) { $Way.Port = $Port }
    if ($Authentication) { $Way.Authentication = $Authentication }
    $Failures = @()
    $Opened = @{ Sessions = @{}; Failures = @{}; TimedOut = @() }
    foreach ($Session in @(New-PSSession @Way)) { $Opened.Sessions[[string]$Session.ComputerName] = $Session }
    foreach ($Failure in $Failures) {
        $Target = $Failure.TargetObject
        $Computer = if ($Target -is [string]) { $Target } elseif ($Target -and $Target.PSObject.Properties['ConnectionInfo']) { $Target.ConnectionInfo.ComputerName } elseif ($Computers.Count -eq 1) { $Computers[0] } else { '' }
        $Opened.Failures[$Computer] = [string]$Failure.Exception.Message
        if ($Failure.FullyQualifiedErrorId -match 'Timeout|TimedOut') { $Opened.TimedOut += $Computer }
    }
    $Opened
}

function Close-RdpHost { param([object[]] $Sessions) foreach ($Session in @($Sessions | Where-Object { $_ })) { Remove-PSSession -Session $Session -WhatIf:$false -Confirm:$false -ErrorAction SilentlyContinue } }

# Whether a port accepts a connection.
function Test-Accepts {
    param([string] $Computer)
    $Number = if ($Port) { $Port } elseif ($UseSSL) { 5986 } else { 5985 }
    $Client = New-Object -TypeName System.Net.Sockets.TcpClient
    try { $Opening = $Client.BeginConnect($Computer, $Number, $null, $null); $Opening.AsyncWaitHandle.WaitOne(3000) -and $Client.Connected } catch { $false } finally { $Client.Close() }
}

# Runs a block in sessions, with a limit: Output by session id, and Failures by session id.
function Invoke-OnHost {
    param([object[]] $Sessions, [scriptblock] $Block, [object[]] $Words = @(), [int] $Seconds)
    $Answers = @{ Output = @{}; Failures = @{} }
    $Job = Invoke-Command -Session $Sessions -ScriptBlock $Block -ArgumentList $Words -AsJob -ThrottleLimit $ThrottleLimit
    try {
        $End = [datetime]::UtcNow.AddSeconds($Seconds)
        while (($Job.State -eq 'Running' -or $Job.State -eq 'NotStarted') -and ([datetime]::UtcNow -lt $End)) { Wait-Job -Job $Job -Timeout 1 | Out-Null }
        for ($I = 0; $I -lt @($Job.ChildJobs).Count; $I++) {
            $Child = $Job.ChildJobs[$I]
            $Id = $Sessions[$I].InstanceId
            if ($Child.PSObject.Properties['Runspace'] -and $Child.Runspace) { $Id = $Child.Runspace.InstanceId }
            if (@('Completed', 'Failed') -notcontains $Child.State) { $Answers.Failures[$Id] = "it took longer than $Seconds s"; continue }
            $Errors = @()
            $Answers.Output[$Id] = @(Receive-Job -Job $Child -ErrorAction SilentlyContinue -ErrorVariable Errors -WarningAction SilentlyContinue)
            if ($Child.State -eq 'Failed') {
                $Reason = $Child.JobStateInfo.Reason
                $Answers.Failures[$Id] = if ($Reason) { [string]$Reason.Message } elseif ($Errors) { [string]$Errors[0] } else { 'the call failed' }
            }
        }
    }
    finally {
        if ($Job.State -eq 'Running') { Stop-Job -Job $Job -ErrorAction SilentlyContinue }
        Remove-Job -Job $Job -Force -ErrorAction SilentlyContinue
    }
    $Answers
}

# Identity of sessions: the name by which each machine calls itself, or why it is not gone on with.
function Test-RdpHost {
    param($Row, [string[]] $Answer, [string] $Failure)
    if ($Failure) { return @{ Status = 'unknown'; Detail = "it cannot be read: $Failure"; Name = '' } }
    $Mode, $Version, $Name = ([string]@($Answer)[0]).Split('|')
    if ($Row.ExpectedName -and ($Name -ne $Row.ExpectedName)) { return @{ Status = 'blocked'; Detail = "another machine answers: $Name instead of $($Row.ExpectedName)"; Name = $Name } }
    if ([int]$Version -lt 3) { return @{ Status = 'blocked'; Detail = "PowerShell $Version answers, and this takes 3 or newer: do it by hand"; Name = $Name } }
    if ($Mode -ne 'FullLanguage') { return @{ Status = 'unknown'; Detail = "PowerShell there is constrained ($Mode): do it by hand"; Name = $Name } }
    @{ Status = ''; Detail = ''; Name = $Name; Identity = $(if ($Row.ExpectedName) { "compared: $Name" } else { "not compared: $Name" }) }
}

$WhoBlock = { "$($ExecutionContext.SessionState.LanguageMode)|$($PSVersionTable.PSVersion.Major)|$env:COMPUTERNAME" }

# The request of a host: its row, and the switches of this run.
function New-Request {
    param($Row)
    [pscustomobject]@{
        Computer = $Row.Computer; Address = $Row.Address; Port = $Row.Port; ExpectedName = $Row.ExpectedName; Remedies = @($Row.Remedies); Why = $Row.Why; Farm = $Row.Farm
        Only = @($Remedy | Where-Object { $_ }); Replace = [bool]$Replace; AdminNetwork = @($AdminNetwork | Where-Object { $_ }); NetworkProfile = $NetworkProfile
        Acted = @(); FarmDifferences = @(); Time = Format-Time ([datetime]::UtcNow)
    }
}

# Facts of hosts whose sessions have the functions that read.
function Read-Host2 {
    param([hashtable] $Rows, [object[]] $Sessions)
    $Sent = [datetime]::UtcNow
    $Answers = Invoke-OnHost -Sessions $Sessions -Block $FactsReader -Words @($Sent.ToString('o', [System.Globalization.CultureInfo]::InvariantCulture)) -Seconds ([math]::Max(120, 2 * $TimeoutSeconds))
    $Received = [datetime]::UtcNow
    foreach ($Session in $Sessions) {
        $Row = $Rows[[string]$Session.ComputerName]
        if ($Answers.Failures.ContainsKey($Session.InstanceId)) { @{ Row = $Row; Facts = $null; Why = $Answers.Failures[$Session.InstanceId] }; continue }
        try {
            $Facts = ConvertFrom-Json -InputObject ([string](@($Answers.Output[$Session.InstanceId]) -join ''))
            $Facts | Add-Member -NotePropertyName Request -NotePropertyValue (New-Request -Row $Row)
            # The clock there was read between two times here.
            $Low = ((ConvertTo-Utc $Facts.Clock.Ended) - $Received).TotalSeconds
            $High = ((ConvertTo-Utc $Facts.Clock.Started) - $Sent).TotalSeconds
            $Skew = if ($Low -gt 0) { $Low } elseif ($High -lt 0) { $High } else { 0 }
            $Facts.Clock | Add-Member -NotePropertyName Skew -NotePropertyValue ([math]::Round($Skew, 1))
            @{ Row = $Row; Facts = $Facts; Why = '' }
        }
        catch { @{ Row = $Row; Facts = $null; Why = "its facts cannot be read: $($_.Exception.Message)" } }
    }
}

# ---- reading all hosts ----------------------------------------------------------------------------------------------------------
function Read-RdpHosts {
    param([object[]] $Rows)
    $Done = 0
    $ByAddress = @($Rows | Where-Object { Test-IPAddress $_.Computer })
    if ($ByAddress -and -not $Credential) { Write-Warning "$($ByAddress.Count) hosts are reached by address: NTLM goes to whatever answers there, and remoting takes -Credential" }
    for ($At = 0; $At -lt $Rows.Count; $At += $ThrottleLimit) {
        $Some = @($Rows[$At..([math]::Min($Rows.Count, $At + $ThrottleLimit) - 1)])
        Write-Progress -Activity 'Reading hosts' -Status "$Done of $($Rows.Count), $($Run.Facts.Count) read" -PercentComplete (100 * $Done / $Rows.Count)
        $ByName = @{}
        foreach ($Row in $Some) { $ByName[$Row.Computer] = $Row }
        $Opened = Connect-RdpHost -Computers @($ByName.Keys) -OpenSeconds 15
        try {
            $Again = @($Opened.TimedOut | Where-Object { $_ -and (Test-Accepts -Computer $_) })
            if ($Again) {
                $More = Connect-RdpHost -Computers $Again -OpenSeconds 60
                foreach ($Key in $More.Sessions.Keys) { $Opened.Sessions[$Key] = $More.Sessions[$Key]; $Opened.Failures.Remove($Key) }
            }
            foreach ($Row in $Some) {
                if ($Opened.Sessions.ContainsKey($Row.Computer)) { continue }
                $Why = if ($Opened.Failures.ContainsKey($Row.Computer)) { $Opened.Failures[$Row.Computer] } else { 'no session could be opened' }
                $null = $Run.Left.Remove($Row)
                Write-Result -Row $Row -Remedy identity -Status unknown -Detail "it cannot be reached: $Why"
            }
            $Live = @($Opened.Sessions.Values)
            if ($Live) {
                $Answers = Invoke-OnHost -Sessions $Live -Block $WhoBlock -Seconds 60
                $Good = @(foreach ($Session in $Live) {
                        $Row = $ByName[[string]$Session.ComputerName]
                        $Who = Test-RdpHost -Row $Row -Answer $Answers.Output[$Session.InstanceId] -Failure $Answers.Failures[$Session.InstanceId]
                        if ($Who.Status) {
                            $null = $Run.Left.Remove($Row)
                            $Run.Later.Add((Write-Result -Row $Row -Identity "not compared: $($Who.Name)" -Remedy identity -Status $Who.Status -Detail $Who.Detail))
                        }
                        else { $Run.Identity[$Row.Computer] = $Who.Identity; $Session }
                    })
                foreach ($Result in $Run.Later) { $Result }
                $Run.Later.Clear()
                if ($Good) {
                    $Sent = Invoke-OnHost -Sessions $Good -Block $HostFunctions -Seconds 60
                    foreach ($Read in @(Read-Host2 -Rows $ByName -Sessions @($Good | Where-Object { -not $Sent.Failures.ContainsKey($_.InstanceId) }))) {
                        if ($Read.Facts) { $Run.Facts[$Read.Row.Computer] = $Read.Facts }
                        else { $null = $Run.Left.Remove($Read.Row); Write-Result -Row $Read.Row -Identity $Run.Identity[$Read.Row.Computer] -Remedy identity -Status unknown -Detail $Read.Why }
                    }
                    foreach ($Session in @($Good | Where-Object { $Sent.Failures.ContainsKey($_.InstanceId) })) {
                        $Row = $ByName[[string]$Session.ComputerName]
                        $null = $Run.Left.Remove($Row)
                        Write-Result -Row $Row -Remedy identity -Status unknown -Detail "it cannot be read: $($Sent.Failures[$Session.InstanceId])"
                    }
                }
            }
        }
        finally { Close-RdpHost -Sessions @($Opened.Sessions.Values) }
        $Done += $Some.Count
    }
    Write-Progress -Activity 'Reading hosts' -Completed
}

# The steps of a plan that are worth a row: those that are named, and those where something is wrong.
function Select-Step {
    param([object[]] $Steps)
    $Only = @($Remedy | Where-Object { $_ })
    foreach ($Step in $Steps) {
        $Listed = if ($Only) { $Only -contains $Step.Remedy } else { $Step.Named -or ($Step.Wrong -and -not $Remedies[$Step.Remedy]['Reads'] -and ($Step.Status -ne 'left alone')) }
        if ($Listed) { $Step }
    }
}

# ---- acting ---------------------------------------------------------------------------------------------------------------------
# A session to one host that has all functions and is the same machine; or why not.
function Open-RdpHost {
    param($Row, [string] $Identity)
    $Opened = Connect-RdpHost -Computers @($Row.Computer) -OpenSeconds 60
    $Session = @($Opened.Sessions.Values)[0]
    if (-not $Session) { return @{ Session = $null; Status = 'unknown'; Detail = "it cannot be reached: $(@($Opened.Failures.Values) -join ' ')" } }
    $Answers = Invoke-OnHost -Sessions @($Session) -Block $WhoBlock -Seconds 60
    $Who = Test-RdpHost -Row $Row -Answer $Answers.Output[$Session.InstanceId] -Failure $Answers.Failures[$Session.InstanceId]
    if (-not $Who.Status -and $Identity -and ($Who.Identity -ne $Identity)) { $Who = @{ Status = 'blocked'; Detail = "another machine answers: $($Who.Name)" } }
    if (-not $Who.Status) {
        foreach ($Block in $HostFunctions, $HostChanges) {
            $Sent = Invoke-OnHost -Sessions @($Session) -Block $Block -Seconds 60
            foreach ($Failure in $Sent.Failures.Values) { $Who = @{ Status = 'unknown'; Detail = "it cannot be read: $Failure" } }
        }
    }
    if ($Who.Status) { Close-RdpHost -Sessions @($Session); $Session = $null }
    @{ Session = $Session; Status = $Who.Status; Detail = $Who.Detail }
}

# Carries out one change on the host.
function Invoke-Change {
    param($Session, $Change, [string[]] $Dependents)
    $Limit = $TimeoutSeconds
    $Block = { param($Json, $Dependents, $Seconds) Invoke-RdpChange -Json $Json -Dependents $Dependents -Seconds $Seconds }
    $Answers = Invoke-OnHost -Sessions @($Session) -Block $Block -Words @((ConvertTo-Json -InputObject $Change -Depth 8 -Compress), $Dependents, $Limit) -Seconds (4 * $Limit + 30)
    foreach ($Failure in $Answers.Failures.Values) { throw $Failure }
    ConvertFrom-Json -InputObject ([string](@($Answers.Output[$Session.InstanceId])[-1]))
}

# The entries of a host in the record.
function Add-UndoHost {
    param($Row, $Facts)
    $Known = @($Run.Record.Hosts | Where-Object { $_.Computer -eq $Row.Computer }) | Select-Object -First 1
    if (-not $Known) {
        $Known = [pscustomobject]@{
            Computer = $Row.Computer; Address = $Row.Address; Port = $Row.Port; Name = Find-Fact -Facts $Facts -Path Identity.Name; FullName = Find-Fact -Facts $Facts -Path Identity.FullName
            MachineGuid = Find-Fact -Facts $Facts -Path Identity.MachineGuid; Installed = Find-Installed -Facts $Facts; Entries = @()
        }
        $Run.Record.Hosts += $Known
    }
    $Known
}

function Find-Installed {
    param($Facts)
    $Time = ConvertTo-Utc (Find-Fact -Facts $Facts -Path Identity.Installed)
    if ($Time) { Format-Time $Time }
}

function Save-Record {
    if (-not $Run.Folder) { throw "the folder of the run cannot be written: $($Run.NoFolder)" }
    Write-UndoRecord -Record $Run.Record -Path (Join-Path -Path $Run.Folder -ChildPath 'undo.json')
}

# Asks, unless it is not wanted. Gives '' for yes, else why not.
function Confirm-Step {
    param([string] $What, [string] $Question)
    try { if ($Asker.ShouldProcess("$What. $Question", "$What. $Question", 'Repair-RdpHost')) { return '' } }
    catch [System.Management.Automation.PipelineStoppedException] { throw }
    catch { return 'not confirmed; use -Confirm:$false where nobody can answer' }
    if ($WhatIfPreference) { 'WhatIf' } else { 'not confirmed' }
}

# Carries a step out. Gives its status and detail.
function Invoke-Step {
    param($Session, $Row, $Facts, $Step)
    $Dependents = @(Find-Fact -Facts $Facts -Path Services.Dependents | Where-Object { $_ })
    $Entries = Add-UndoHost -Row $Row -Facts $Facts
    $Changed = $false
    $Texts = @()
    $First = $Entries.Entries.Count
    try {
        foreach ($Change in $Step.Changes) {
            if ($Change.Kind -eq 'test') {
                try { Invoke-Change -Session $Session -Change $Change -Dependents $Dependents | Out-Null; continue }
                catch {
                    # Put back at once: a host that requires what does not work lets nobody in.
                    $Why = $_.Exception.Message
                    for ($I = $Entries.Entries.Count - 1; $I -ge $First; $I--) {
                        $Entry = $Entries.Entries[$I]
                        Invoke-Change -Session $Session -Change ([pscustomobject]@{ Kind = "put back $($Entry.Kind)"; Path = $Entry.Path; Name = $Entry.Name; Before = $Entry.Before }) -Dependents $Dependents | Out-Null
                    }
                    $Entries.Entries = @($Entries.Entries | Select-Object -First $First)
                    Save-Record
                    return @{ Status = 'failed'; Detail = "put back, because $Why" }
                }
            }
            $Entry = [pscustomobject]@{ Remedy = $Step.Remedy; Kind = $Change.Kind; Time = Format-Time ([datetime]::UtcNow); Path = $null; Name = $null; Value = $null; Thumbprint = $null; Service = $null; Before = $null; After = $null; NoWayBack = $Step.NoWayBack }
            foreach ($Property in $Change.PSObject.Properties) { if ($Entry.PSObject.Properties[$Property.Name]) { $Entry.($Property.Name) = $Property.Value } }
            if ($Change.Kind -eq 'security') {
                $Entry.Before = (Invoke-Change -Session $Session -Change ([pscustomobject]@{ Kind = 'read security'; Path = $Change.Path })).After
                $Denied = $Entry.Before.Access -eq 'denied'
            }
            $Entries.Entries += $Entry
            Save-Record
            if (($Change.Kind -eq 'security') -and $Denied) {
                # Its rights cannot be read before it is taken. The services' keys belong to SYSTEM.
                $Changed = $true
                $Entry.Before = (Invoke-Change -Session $Session -Change ([pscustomobject]@{ Kind = 'take'; Path = $Change.Path })).After
                $Entry.Before.Owner = 'S-1-5-18'
                Save-Record
            }
            if ($Change.Kind -eq 'security') {
                $Change | Add-Member -NotePropertyName Before -NotePropertyValue $Entry.Before -Force
                $Change | Add-Member -NotePropertyName Taken -NotePropertyValue $Denied -Force
            }
            $Changed = $true
            $Run.Changed = $true
            $Answer = Invoke-Change -Session $Session -Change $Change -Dependents $Dependents
            if ($Answer.Text) { $Texts += $Answer.Text }
            if ($null -ne $Answer.After) { $Entry.After = $Answer.After; Save-Record }
        }
        foreach ($Service in $Step.Restarts) {
            Invoke-Change -Session $Session -Change ([pscustomobject]@{ Kind = 'restart'; Service = $Service }) -Dependents $Dependents | Out-Null
        }
        @{ Status = 'acted'; Detail = $Texts -join '; ' }
    }
    catch [System.Management.Automation.PipelineStoppedException] { throw }
    catch {
        $Texts += [string]$_.Exception.Message
        @{ Status = $(if ($Changed) { 'partly done' } else { 'failed' }); Detail = $Texts -join '; ' }
    }
}

# What a step would do, as text to compare.
function Format-Step {
    param($Step)
    $Parts = 'Kind', 'Path', 'Name', 'Value', 'Grants', 'Thumbprint', 'Service', 'Rename', 'Profile', 'RemoteAddress', 'Before.Exists', 'Before.Value', 'Before.Enabled'
    @($Step.Status) + @($Step.Restarts) + @(foreach ($Change in $Step.Changes) { ($Parts | ForEach-Object { "$_=$(@(Find-Fact -Facts $Change -Path $_) -join ',')" }) -join ' ' }) -join "`n"
}

# Reads a host again, in an open session.
function Update-Facts {
    param($Session, $Row)
    $Read = @(Read-Host2 -Rows @{ [string]$Session.ComputerName = $Row } -Sessions @($Session))[0]
    if (-not $Read.Facts) { throw $Read.Why }
    $Old = $Run.Facts[$Row.Computer].Request
    $Read.Facts.Request.Acted = @($Old.Acted)
    $Read.Facts.Request.FarmDifferences = @($Old.FarmDifferences)
    $Run.Facts[$Row.Computer] = $Read.Facts
    $Read.Facts
}

# All steps of one host, each checked before the next.
function Repair-OneHost {
    param($Row)
    $Identity = $Run.Identity[$Row.Computer]
    $Facts = $Run.Facts[$Row.Computer]
    $First = @(Get-RdpPlan -Facts $Facts)
    $Session = $null
    try {
        foreach ($Key in @(Select-Step -Steps $First | ForEach-Object { $_.Remedy })) {
            $Step = Get-RdpPlan -Facts $Facts | Where-Object { $_.Remedy -eq $Key }
            $Planned = $First | Where-Object { $_.Remedy -eq $Key }
            if ($Step.Status -ne 'would be done') {
                $Status, $Detail = $Step.Status, $Step.Detail
                $Acted = @($Facts.Request.Acted)
                if (($Status -eq 'in order') -and ($Planned.Status -eq 'would be done') -and $Acted) { $Status = 'done'; $Detail = "with $($Acted[-1]): $($Planned.Detail -replace '; after .*$', '')" }
                Write-Result -Row $Row -Identity $Identity -Remedy $Key -Status $Status -Detail $Detail
                continue
            }
            $Stops = if ($Step.Interrupts) { "Interrupts: $($Step.Interrupts)." } else { 'Interrupts nothing.' }
            $Run.Step = @{ Row = $Row; Key = $Key; Acting = $false }
            $No = Confirm-Step -What "$($Row.Computer) ($Identity), ${Key}: $($Step.Title)" -Question "$($Step.Detail). $Stops"
            if ($No) {
                $Status, $Detail = if ($No -eq 'WhatIf') { 'would be done', $Step.Detail } else { 'left alone', $No }
                Write-Result -Row $Row -Identity $Identity -Remedy $Key -Status $Status -Detail $Detail
                $Run.Step = $null
                continue
            }
            if (-not $Session -or ($Session.State -ne 'Opened')) {
                $Opened = Open-RdpHost -Row $Row -Identity $Identity
                $Session = $Opened.Session
                if (-not $Session) { Write-Result -Row $Row -Identity $Identity -Remedy $Key -Status $Opened.Status -Detail $Opened.Detail; $Run.Step = $null; continue }
            }
            try {
                # Read again: what is done is what was shown, or nothing.
                $Facts = Update-Facts -Session $Session -Row $Row
                $Now = Get-RdpPlan -Facts $Facts | Where-Object { $_.Remedy -eq $Key }
                if ((Format-Step -Step $Now) -ne (Format-Step -Step $Step)) {
                    Write-Result -Row $Row -Identity $Identity -Remedy $Key -Status $(if ($Now.Status -eq 'would be done') { 'left alone' } else { $Now.Status }) -Detail "changed since it was read; $($Now.Detail)"
                    $Run.Step = $null
                    continue
                }
                $Run.Step.Acting = $true
                $Outcome = Invoke-Step -Session $Session -Row $Row -Facts $Facts -Step $Now
                $Facts.Request.Acted = @($Facts.Request.Acted) + $Key
                if ($Outcome.Status -eq 'acted') {
                    $End = [datetime]::UtcNow.AddSeconds($(if ($Key -eq 'R9') { $TimeoutSeconds } else { 0 }))
                    do {
                        $Facts = Update-Facts -Session $Session -Row $Row
                        $After = Get-RdpPlan -Facts $Facts | Where-Object { $_.Remedy -eq $Key }
                        if (-not $After.Wrong -or ([datetime]::UtcNow -ge $End)) { break }
                        Start-Sleep -Seconds 2
                    } while ($true)
                    if ($After.Status -eq 'in order') { $Outcome.Status = 'done' }
                    else {
                        $Outcome.Status = 'partly done'
                        $Outcome.Detail = "$($Outcome.Detail); $(if ($Key -eq 'R9') { 'ask again in 15 minutes: ' })$($After.Detail)"
                    }
                }
            }
            catch [System.Management.Automation.PipelineStoppedException] { throw }
            catch { $Outcome = @{ Status = $(if ($Run.Step.Acting) { 'partly done' } else { 'unknown' }); Detail = "it cannot be read again: $($_.Exception.Message)" } }
            $Run.Step = $null
            Write-Result -Row $Row -Identity $Identity -Remedy $Key -Status $Outcome.Status -Detail $Outcome.Detail
        }
    }
    finally { Close-RdpHost -Sessions @($Session) }
}

# ---- undo -----------------------------------------------------------------------------------------------------------------------
function Undo-OneHost {
    param($Recorded)
    $Row = [pscustomobject]@{ Computer = $Recorded.Computer; Address = $Recorded.Address; Port = $Recorded.Port; ExpectedName = $Recorded.Name }
    $Keys = @($Recorded.Entries | ForEach-Object { $_.Remedy } | Select-Object -Unique)
    [array]::Reverse($Keys)
    $Session = $null
    try {
        $Opened = Open-RdpHost -Row $Row
        $Session = $Opened.Session
        if (-not $Session) { foreach ($Key in $Keys) { Write-Result -Row $Row -Remedy $Key -Status $Opened.Status -Detail $Opened.Detail }; return }
        $Read = @(Read-Host2 -Rows @{ [string]$Session.ComputerName = (Add-Member -InputObject $Row -PassThru -NotePropertyMembers @{ Remedies = @(); Why = ''; Farm = '' }) } -Sessions @($Session))[0]
        $Is = if ($Read.Facts) { @((Find-Fact -Facts $Read.Facts -Path Identity.MachineGuid), (Find-Fact -Facts $Read.Facts -Path Identity.FullName), (Find-Installed -Facts $Read.Facts)) }
        # Where a machine shows no GUID, the time of its installation stands for it.
        if (-not $Read.Facts -or ($Is[0] -ne $Recorded.MachineGuid) -or ($Is[1] -ne $Recorded.FullName) -or (-not $Is[0] -and ((ConvertTo-Utc $Is[2]) -ne (ConvertTo-Utc $Recorded.Installed)))) {
            foreach ($Key in $Keys) { Write-Result -Row $Row -Remedy $Key -Status blocked -Detail $(if ($Read.Facts) { 'another machine answers: it is not the one that was changed' } else { $Read.Why }) }
            return
        }
        $Identity = "compared: $($Recorded.Name)"
        $Dependents = @(Find-Fact -Facts $Read.Facts -Path Services.Dependents | Where-Object { $_ })
        foreach ($Key in $Keys) {
            $Run.Step = @{ Row = $Row; Key = $Key; Acting = $false }
            $Entries = @($Recorded.Entries | Where-Object { $_.Remedy -eq $Key })
            [array]::Reverse($Entries)
            $Texts = @(); $Back = 0; $Kept = 0
            $Work = @(foreach ($Entry in $Entries) {
                    $Fault = Find-EntryFault -Entry $Entry -Now ([pscustomobject]@{ Sddl = '' })
                    if ($Entry.Kind -eq 'security' -and $Fault -notmatch 'not known') { $Fault = '' }
                    if (-not $Fault -and (@('renew', 'register', 'resync') -contains $Entry.Kind)) { $Texts += "no way back to $($Entry.NoWayBack)"; $Kept++; continue }
                    if (-not $Fault) {
                        try {
                            $Reading = @{ registry = 'read registry'; bind = 'read registry'; security = 'read security'; firewall = 'read rule'; start = 'read service' }[[string]$Entry.Kind]
                            $Ask = [pscustomobject]@{ Kind = $Reading; Path = $Entry.Before.Path; Name = $Entry.Name; Service = $Entry.Service }
                            if ($Entry.Kind -eq 'bind') { $Ask.Name = 'SSLCertificateSHA1Hash' }
                            if ($Entry.Kind -eq 'security') { $Ask.Path = $Entry.Path }
                        }
                        catch { $Ask = [pscustomobject]@{ Kind = $Reading; Path = $Entry.Path; Name = $Entry.Name; Service = $Entry.Service } }
                        try { $Now = (Invoke-Change -Session $Session -Change $Ask -Dependents $Dependents).After } catch { $Fault = $_.Exception.Message }
                    }
                    if (-not $Fault) { $Fault = Find-EntryFault -Entry $Entry -Now $Now }
                    if ($Fault) { $Texts += $Fault; $Kept++; $Run.Refused = $true; continue }
                    switch (Compare-Entry -Entry $Entry -Now $Now) {
                        'before' { }
                        'changed' { $Texts += "changed since: $(@($Entry.Name, $Entry.Path, $Entry.Service | Where-Object { $_ }) -join ' ')"; $Kept++ }
                        'left' { $Entry }
                    }
                })
            $Refused = $Run.Refused
            $Run.Refused = $false
            if (-not $Work) {
                $Status = if ($Refused) { 'blocked' } elseif ($Kept) { 'left alone' } else { 'in order' }
                if (-not $Texts) { $Texts = @('nothing is left to undo') }
                Write-Result -Row $Row -Identity $Identity -Remedy $Key -Status $Status -Detail ($Texts -join '; ')
                $Run.Step = $null
                continue
            }
            $What = (@($Work | ForEach-Object { "$($_.Kind) $(@($_.Name, $_.Path, $_.Service | Where-Object { $_ }) -join ' ')" }) | Select-Object -Unique) -join '; '
            $No = if (-not $Apply) { 'WhatIf' } else { Confirm-Step -What "$($Row.Computer) ($Identity), undo ${Key}" -Question "$What. Interrupts: $(if ($Remedies.Contains($Key)) { $Remedies[$Key]['Interrupts'] })" }
            if ($No) {
                Write-Result -Row $Row -Identity $Identity -Remedy $Key -Status $(if ($No -eq 'WhatIf') { 'would be undone' } else { 'left alone' }) -Detail $(if ($No -eq 'WhatIf') { $What } else { $No })
                $Run.Step = $null
                continue
            }
            $Run.Step.Acting = $true
            try {
                foreach ($Entry in $Work) {
                    $Change = [pscustomobject]@{ Kind = "put back $($Entry.Kind)"; Path = $Entry.Path; Name = $Entry.Name; Service = $Entry.Service; Before = $Entry.Before }
                    if (($Entry.Kind -eq 'bind') -and $Entry.Before.Exists) { $Change = [pscustomobject]@{ Kind = 'bind'; Thumbprint = $Entry.Before.Value } }
                    elseif ($Entry.Kind -eq 'bind') { $Change.Kind = 'put back registry'; $Change.Path = $Entry.Before.Path; $Change.Name = 'SSLCertificateSHA1Hash' }
                    $Texts += (Invoke-Change -Session $Session -Change $Change -Dependents $Dependents).Text
                    $Back++
                }
                $Services = if (@('R2', 'R3') -contains $Key) { 'SessionEnv', 'TermService' } elseif ($Key -eq 'R4') { , 'TermService' }
                foreach ($Service in $Services) { Invoke-Change -Session $Session -Change ([pscustomobject]@{ Kind = 'restart'; Service = $Service }) -Dependents $Dependents | Out-Null }
                $Status = if ($Kept) { 'partly undone' } else { 'undone' }
            }
            catch [System.Management.Automation.PipelineStoppedException] { throw }
            catch { $Texts += $_.Exception.Message; $Status = if ($Back) { 'partly undone' } else { 'failed' } }
            if ($Key -eq 'R5') { $Texts += 'restart the machine' }
            $Run.Step = $null
            Write-Result -Row $Row -Identity $Identity -Remedy $Key -Status $Status -Detail (@($Texts | Where-Object { $_ }) -join '; ')
        }
    }
    finally { Close-RdpHost -Sessions @($Session) }
}

# ---- the whole ------------------------------------------------------------------------------------------------------------------
function Invoke-RdpRepair {
    param($Asker, [hashtable] $Bound, [string[]] $Names, [bool] $Piped, [bool] $BadInput, [string] $Folder, [string] $Script)
    Set-StrictMode -Version 2.0
    $ErrorActionPreference = 'Stop'
    $Run = @{
        Folder = ''; NoFolder = ''; Warned = $false; Results = New-Object -TypeName System.Collections.Generic.List[object]; Later = New-Object -TypeName System.Collections.Generic.List[object]
        Left = New-Object -TypeName System.Collections.Generic.List[object]; Facts = [ordered]@{}; Identity = @{}; Step = $null; Changed = $false; Refused = $false; Complete = $false; Exit = 2
        Record = [pscustomobject]@{ Schema = 1; Script = 'Repair-RdpHost'; Time = Format-Time ([datetime]::UtcNow); Hosts = @() }
    }
    try {
        if ($Piped -and ($BadInput -or -not $Names)) { throw 'no host name came through the pipeline: pipe names, or objects with ComputerName, Name or Computer' }
        if ($Bound.ContainsKey('ComputerName') -and -not @($Names | Where-Object { $_ })) { throw '-ComputerName is empty: name hosts of hosts.csv, or leave the parameter out for all of them' }
        Confirm-AdminNetwork -Networks $AdminNetwork
        $Rows = @()
        if ($UndoPath) {
            $Old = Read-UndoRecord -Path $UndoPath
            foreach ($Entry in @($Old.Hosts)) { if ((-not (Test-IPAddress ([string]$Entry.Computer))) -and ([string]$Entry.Computer -notmatch $HostPattern)) { throw "$UndoPath names '$($Entry.Computer)', which is not a host" } }
            $Chosen = @(if ($Names) { Select-HostRow -Rows @($Old.Hosts) -Names $Names } else { $Old.Hosts })
        }
        else {
            $Rows = @(Import-HostRow -Path (Join-Path -Path $Folder -ChildPath 'hosts.csv'))
            $Chosen = @(if ($Names) { Select-HostRow -Rows $Rows -Names $Names | Select-Object -Unique -Property * } else { $Rows | Where-Object { -not $_.NoSign } })
            # The same address under two names is two rows.
            $Seen = @{}
            $Chosen = @($Chosen | Where-Object { -not $Seen.ContainsKey($_.Computer) -and ($Seen[$_.Computer] = 1) })
        }
    }
    catch { Write-Error -Message $_.Exception.Message -ErrorAction Continue -Category InvalidArgument; $Run.Exit = 2; Set-Variable -Name RepairExit -Value 2 -Scope 1; return }
    try {
        try {
            $Base = if ($LogPath) { $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($LogPath) } else { $Folder }
            $Run.Folder = [System.IO.Directory]::CreateDirectory([System.IO.Path]::Combine($Base, 'runs', "$([datetime]::UtcNow.ToString("yyyyMMdd'T'HHmmss'Z'", [System.Globalization.CultureInfo]::InvariantCulture))-$PID")).FullName
        }
        catch { $Run.NoFolder = $_.Exception.Message; Write-Warning "nothing can be written of this run: $($Run.NoFolder)" }
        Write-RunLog "Repair-RdpHost $(@($Bound.Keys | Where-Object { $_ -ne 'Credential' } | Sort-Object | ForEach-Object { "-$_ $($Bound[$_])" }) -join ' ')"
        if ($UndoPath) { foreach ($Entry in $Chosen) { Undo-OneHost -Recorded $Entry } }
        else {
            foreach ($Row in $Chosen) { $Run.Left.Add($Row) }
            Read-RdpHosts -Rows $Chosen
            $Differences = Compare-RdpFarm -All @($Run.Facts.Values)
            foreach ($Key in $Differences.Keys) { $Run.Facts[$Key].Request.FarmDifferences = @($Differences[$Key]) }
            foreach ($Row in $Run.Left.ToArray()) {
                $Facts = $Run.Facts[$Row.Computer]
                if ($Apply) { Repair-OneHost -Row $Row }
                else { foreach ($Step in @(Select-Step -Steps @(Get-RdpPlan -Facts $Facts))) { Write-Result -Row $Row -Identity $Run.Identity[$Row.Computer] -Remedy $Step.Remedy -Status $Step.Status -Detail $Step.Detail } }
                $Run.Left.Remove($Row) | Out-Null
            }
            foreach ($Row in @($Rows | Where-Object { $_.NoSign -and ($Chosen -notcontains $_) -and -not $Names })) { Write-Result -Row $Row -Remedy identity -Status 'left alone' -Detail 'no sign of Windows: name it with -ComputerName if it is one of yours' }
        }
        $Run.Complete = $true
    }
    finally {
        if (-not $Run.Complete) {
            if ($Run.Step) { $Run.Later.Add((Write-Result -Row $Run.Step.Row -Remedy $Run.Step.Key -Status $(if ($Run.Step.Acting) { if ($UndoPath) { 'partly undone' } else { 'partly done' } } else { 'left alone' }) -Detail 'interrupted')) }
            foreach ($Row in @($Run.Left | Where-Object { -not $Run.Step -or ($_ -ne $Run.Step.Row) })) { $Run.Later.Add((Write-Result -Row $Row -Remedy identity -Status 'left alone' -Detail 'interrupted before its turn')) }
            $Run.Results | Format-Table -Property Computer, Remedy, Status, Detail | Out-String -Width 120 | Out-Host
        }
        foreach ($Facts in @($Run.Facts.Values)) {
            $Plan = @(Get-RdpPlan -Facts $Facts | ForEach-Object { [pscustomobject]@{ Remedy = $_.Remedy; Status = $_.Status; Detail = $_.Detail } })
            $Facts | Add-Member -NotePropertyName Plan -NotePropertyValue $Plan -Force
        }
        Write-Facts
        $Bad = @('blocked', 'partly done', 'failed', 'unknown', 'partly undone')
        $Run.Exit = [int](@($Run.Results | Where-Object { ($Bad -contains $_.Status) -and (@('R13', 'R20') -notcontains $_.Remedy) }).Count -gt 0 -or -not $Run.Complete)
        $Counts = @($Run.Results | Group-Object -Property Status | Sort-Object -Property Name | ForEach-Object { "$($_.Count) $($_.Name)" }) -join ', '
        Write-Talk "$(@($Run.Results | ForEach-Object { $_.Computer } | Select-Object -Unique).Count) hosts: $(if ($Counts) { $Counts } else { 'nothing to report, all in order' })$(if ($Run.Folder) { ". Written to $($Run.Folder)" })"
        if ($Run.Changed) { Write-Talk "To undo: & $(Format-Word $Script) -UndoPath $(Format-Word (Join-Path -Path $Run.Folder -ChildPath 'undo.json')) -Apply" }
        elseif (-not $Apply) { Write-Talk 'Nothing was changed. Add -Apply to make the changes; it asks before each step.' }
        Set-Variable -Name RepairExit -Value $Run.Exit -Scope 1
    }
}
