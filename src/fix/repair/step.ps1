# Acting on one host: each step is asked for, recorded, carried out and checked before the next.

# How a host begins to say why a change failed that was not begun.
$Untouched = 'nothing was changed: '

# The steps of a plan that are worth a row: those that are named, and those where something is wrong.
function Select-Step {
    param([object[]] $Steps)
    $Only = @($Remedy | Where-Object { $_ })
    foreach ($Step in $Steps) {
        $Open = $Step.Wrong -and -not $Remedies[$Step.Remedy]['Reads'] -and ($Step.Status -ne 'left alone')
        if ($(if ($Only) { $Only -contains $Step.Remedy } else { $Step.Named -or $Open })) { $Step }
    }
}

# What a step would do, as text to compare.
function Format-Step {
    param($Step)
    $Parts = 'Kind', 'Path', 'Name', 'Value', 'Grants', 'Thumbprint', 'Service', 'Rename', 'Profile', 'RemoteAddress', 'Before.Exists',
        'Before.Value', 'Before.Enabled'
    $Changes = foreach ($Change in $Step.Changes) {
        ($Parts | ForEach-Object { "$_=$(@(Find-Fact -Facts $Change -Path $_) -join ',')" }) -join ' '
    }
    @($Step.Status) + @($Step.Restarts) + @($Changes) -join "`n"
}

# Asks, unless it is not wanted. Gives '' for yes, else why not.
function Confirm-Step {
    param([string] $What, [string] $Question)
    try { if ($Asker.ShouldProcess("$What. $Question", "$What. $Question", 'Repair-RdpHost')) { return '' } }
    catch [System.Management.Automation.PipelineStoppedException] { throw }
    catch { return 'not confirmed; use -Confirm:$false where nobody can answer' }
    if ($WhatIfPreference) { 'WhatIf' } else { 'not confirmed' }
}

# Carries out one change on the host: Text, and After where there is something to compare.
function Invoke-Change {
    param($Session, $Change, [string[]] $Dependents)
    $Block = { param($Json, $Dependents, $Seconds) Invoke-RdpChange -Json $Json -Dependents $Dependents -Seconds $Seconds }
    $Words = @((ConvertTo-Json -InputObject $Change -Depth 8 -Compress), $Dependents, $TimeoutSeconds)
    $Answers = Invoke-OnHost -Sessions @($Session) -Block $Block -Words $Words -Seconds (4 * $TimeoutSeconds + 30)
    foreach ($Failure in $Answers.Failures.Values) { throw $Failure }
    ConvertFrom-Json -InputObject ([string](@($Answers.Output[$Session.InstanceId])[-1]))
}

# The change that takes an entry back.
function New-BackChange {
    param($Entry)
    [pscustomobject]@{
        Kind = "put back $($Entry.Kind)"; Path = $Entry.Path; Name = $Entry.Name; Service = $Entry.Service; Value = $Entry.Value
        Before = $Entry.Before
    }
}

function Restart-Services {
    param($Session, [string[]] $Services, [string[]] $Dependents)
    foreach ($Service in $Services) {
        $null = Invoke-Change -Session $Session -Change ([pscustomobject]@{ Kind = 'restart'; Service = $Service }) -Dependents $Dependents
    }
}

# Records one change before it is made, makes it, and records what the host has then. Gives what there is to say.
function Invoke-Recorded {
    param($Session, $Change, $Step, $Entries, [string[]] $Dependents)
    $Entry = [pscustomobject]@{
        Remedy = $Step.Remedy; Kind = $Change.Kind; Time = Format-Time -Time ([datetime]::UtcNow); Path = $null; Name = $null; Value = $null
        Thumbprint = $null; Service = $null; Profile = $null; RemoteAddress = $null; Before = $null; After = $null
        NoWayBack = $Step.NoWayBack
    }
    foreach ($Property in $Change.PSObject.Properties) {
        if ($Entry.PSObject.Properties[$Property.Name]) { $Entry.($Property.Name) = $Property.Value }
    }
    $Taken = $false
    if ($Change.Kind -eq 'security') {
        $Entry.Before = (Invoke-Change -Session $Session -Change ([pscustomobject]@{ Kind = 'read security'; Path = $Change.Path })).After
        $Taken = $Entry.Before.Access -eq 'denied'
        if ($Taken -and -not $Entry.Before.Owner) { throw "${Untouched}the owner of $($Change.Path) is unknown" }
    }
    # A broken value is corrected, though undo would not write it.
    $Mark = { if (@(Find-EntryFault -Entry $Entry)) { $Entry.NoWayBack = "$(Format-Target -Entry $Entry) as it was" } }
    if ((Find-Fact -Facts $Change -Path Rename)) {
        $Entry.Before = (Invoke-Change -Session $Session -Change ([pscustomobject]@{
            Kind = 'read certificate'; Thumbprint = $Change.Thumbprint
        })).After
        $Change | Add-Member -Force -NotePropertyName Before -NotePropertyValue $Entry.Before
    }
    if (-not $Taken) { & $Mark }
    $Known = @($Entries.Entries)
    $Entries.Entries = $Known + $Entry
    try { Save-Record } catch { $Entries.Entries = $Known; throw }
    try {
        if ($Taken) {
            # Its rights cannot be read before it is taken.
            $Owner = $Entry.Before.Owner
            $Entry.Before = (Invoke-Change -Session $Session -Change ([pscustomobject]@{ Kind = 'take'; Path = $Change.Path })).After
            $Entry.Before.Owner = $Owner
            & $Mark
            Save-Record
        }
        if ($Change.Kind -eq 'security') { $Change | Add-Member -Force -NotePropertyMembers @{ Before = $Entry.Before; Taken = $Taken } }
        $Answer = Invoke-Change -Session $Session -Change $Change -Dependents $Dependents
        $Run.Changed = $true
        if ($null -ne $Answer.After) { $Entry.After = $Answer.After; Save-Record }
        $Answer.Text
    }
    catch [System.Management.Automation.PipelineStoppedException] { $Run.Changed = $true; throw }
    catch {
        if ($_.Exception.Message -like "$Untouched*") { $Entries.Entries = $Known; Save-Record } else { $Run.Changed = $true }
        throw
    }
}

# Carries a step out. Gives its status and detail.
function Invoke-Step {
    param($Session, $Row, $Facts, $Step)
    $Dependents = @(Find-Fact -Facts $Facts -Path Services.Dependents | Where-Object { $_ })
    $Entries = Add-UndoHost -Row $Row -Facts $Facts
    $First = $Entries.Entries.Count
    $Texts = @()
    try {
        foreach ($Change in $Step.Changes) {
            if ($Change.Kind -ne 'test') {
                $Texts += @(Invoke-Recorded -Session $Session -Change $Change -Step $Step -Entries $Entries -Dependents $Dependents |
                    Where-Object { $_ })
                continue
            }
            try { $null = Invoke-Change -Session $Session -Change $Change -Dependents $Dependents }
            catch [System.Management.Automation.PipelineStoppedException] { throw }
            catch {
                # Put back at once: a host that requires what does not work lets nobody in.
                $Why = $_.Exception.Message -replace "^$Untouched", ''
                try {
                    for ($I = $Entries.Entries.Count - 1; $I -ge $First; $I--) {
                        $null = Invoke-Change -Session $Session -Change (New-BackChange -Entry $Entries.Entries[$I]) -Dependents $Dependents
                    }
                }
                catch [System.Management.Automation.PipelineStoppedException] { throw }
                catch { throw "$Why, and it could not be put back: undo this run ($($_.Exception.Message))" }
                $Entries.Entries = @($Entries.Entries | Select-Object -First $First)
                Save-Record
                if ($Step.Remedy -eq 'R4') { $Why += '; if it fails still, restart TermService' }
                return @{ Status = 'failed'; Detail = "put back, because $Why" }
            }
        }
        try { Restart-Services -Session $Session -Services $Step.Restarts -Dependents $Dependents }
        catch [System.Management.Automation.PipelineStoppedException] { throw }
        catch { throw "$($_.Exception.Message); restart $($Step.Restarts -join ' and ') by hand: the next run cannot see that it is due" }
        @{ Status = 'acted'; Detail = $Texts -join '; ' }
    }
    catch [System.Management.Automation.PipelineStoppedException] { throw }
    catch {
        $Status = if ($Entries.Entries.Count -gt $First) { 'partly done' } else { 'failed' }
        @{ Status = $Status; Detail = (@($Texts) + ($_.Exception.Message -replace "^$Untouched", '')) -join '; ' }
    }
}

# Reads the host after a step, until it is in order; DNS answers late, and a certificate may be taken up late.
function Confirm-Outcome {
    param($Session, $Row, [string] $Key, $Outcome)
    $Late = @{ R9 = $TimeoutSeconds; R4 = [math]::Min(10, $TimeoutSeconds) }
    $End = [datetime]::UtcNow.AddSeconds([int]$Late[$Key])
    while ($true) {
        $After = Get-RdpPlan -Facts (Update-Facts -Session $Session -Row $Row) | Where-Object { $_.Remedy -eq $Key }
        if (-not $After.Wrong -or ([datetime]::UtcNow -ge $End)) { break }
        Start-Sleep -Seconds 2
    }
    if ($After.Status -eq 'in order') { $Outcome.Status = 'done'; return }
    $Outcome.Status = 'partly done'
    $Outcome.Detail = "$($Outcome.Detail); $(if ($Key -eq 'R9') { 'ask again in 15 minutes: ' })$($After.Detail)"
}

# One step in an open session: what is done is what was shown, or nothing.
function Repair-Step {
    param($Session, $Row, $Step)
    try {
        $Facts = Update-Facts -Session $Session -Row $Row
        $Now = Get-RdpPlan -Facts $Facts | Where-Object { $_.Remedy -eq $Step.Remedy }
        if ((Format-Step -Step $Now) -ne (Format-Step -Step $Step)) {
            $Status = if ($Now.Status -eq 'would be done') { 'left alone' } else { $Now.Status }
            return @{ Status = $Status; Detail = "changed since it was read; $($Now.Detail)" }
        }
        $Run.Step.Acting = $true
        $Outcome = Invoke-Step -Session $Session -Row $Row -Facts $Facts -Step $Now
        if ($Outcome.Status -ne 'failed') { $Facts.Request.Acted = @($Facts.Request.Acted) + $Step.Remedy }
        if ($Outcome.Status -eq 'acted') { Confirm-Outcome -Session $Session -Row $Row -Key $Step.Remedy -Outcome $Outcome }
        $Outcome
    }
    catch [System.Management.Automation.PipelineStoppedException] { throw }
    catch {
        @{
            Status = $(if ($Run.Step.Acting) { 'partly done' } else { 'unknown' })
            Detail = "it cannot be read again: $($_.Exception.Message)"
        }
    }
}

# All steps of one host, each checked before the next.
function Repair-OneHost {
    param($Row)
    $Identity = $Run.Identity[$Row.Computer]
    $First = @(Get-RdpPlan -Facts $Run.Facts[$Row.Computer])
    $Session = $null
    try {
        foreach ($Planned in @(Select-Step -Steps $First)) {
            $Key = $Planned.Remedy
            $Facts = $Run.Facts[$Row.Computer]
            $Step = Get-RdpPlan -Facts $Facts | Where-Object { $_.Remedy -eq $Key }
            $Outcome = @{ Status = $Step.Status; Detail = $Step.Detail }
            $Run.Step = @{ Row = $Row; Key = $Key; Acting = $false }
            if ($Step.Status -ne 'would be done') {
                $Acted = @($Facts.Request.Acted)
                if (($Step.Status -eq 'in order') -and ($Planned.Status -eq 'would be done') -and $Acted) {
                    $Outcome = @{ Status = 'done'; Detail = "with $($Acted[-1]): $($Planned.Detail -replace '; after .*$', '')" }
                }
            }
            else {
                $Stops = if ($Step.Interrupts) { "Interrupts: $($Step.Interrupts)." } else { 'Interrupts nothing.' }
                $No = Confirm-Step -What "$($Row.Computer) ($Identity), ${Key}: $($Step.Title)" -Question "$($Step.Detail). $Stops"
                if ($No) { if ($No -ne 'WhatIf') { $Outcome = @{ Status = 'left alone'; Detail = $No } } }
                else {
                    if (-not $Session -or ($Session.State -ne 'Opened')) {
                        $Outcome = Open-RdpHost -Row $Row -Identity $Identity
                        $Session = $Outcome.Session
                    }
                    if ($Session) { $Outcome = Repair-Step -Session $Session -Row $Row -Step $Step }
                }
            }
            $Run.Step = $null
            # A step that waits for this one sees whether it is out of the way.
            if ($Outcome.Status -ne 'would be done') {
                $Request = $Run.Facts[$Row.Computer].Request
                $Request.Passed = @($Request.Passed) + $Key
            }
            Write-Result -Row $Row -Identity $Identity -Remedy $Key -Status $Outcome.Status -Detail $Outcome.Detail
        }
    }
    finally { Close-RdpHost -Sessions @($Session) }
}
