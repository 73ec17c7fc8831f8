# Undo: puts back what a run changed, where the host still has what the run left.

# What is compared of an entry's kind: of what the host had, has, and was left with.
function Format-Entry {
    param([string] $Kind, $Value)
    $Parts = switch ($Kind) {
        'security' { 'Owner', 'Sddl' }
        'firewall' { 'Enabled', 'Profile', 'RemoteAddress' }
        'start' { , 'State' }
        default { 'Exists', 'Value' }
    }
    ($Parts | ForEach-Object { "$_=$(@(Find-Fact -Facts $Value -Path $_) -join ',')" }) -join ' '
}

# Whether rights differ from those before as a grant of this script makes them, also one that was broken off: by the entries that allow
# an account that it grants to, and by the owner where it took the file.
function Test-OwnRight {
    param($Before, $Now)
    if ((@('S-1-5-32-544', [string](Find-Fact -Facts $Before -Path Owner)) -notcontains $Now.Owner)) { return $false }
    $Entries = foreach ($Sddl in [string](Find-Fact -Facts $Before -Path Sddl), [string]$Now.Sddl) {
        , @([regex]::Matches($Sddl, '\(([^)]*)\)') | ForEach-Object { $_.Groups[1].Value })
    }
    $Differing = @($Entries[0] | Where-Object { $Entries[1] -notcontains $_ }) +
        @($Entries[1] | Where-Object { $Entries[0] -notcontains $_ })
    @($Differing | Where-Object { $_ -notmatch '^A;.*;(WD|BA|NS|SY|S-1-1-0|S-1-5-32-544|S-1-5-20|S-1-5-18)$' }).Count -eq 0
}

# Whether a rule of the firewall has the scope of this run, on already or not yet. Windows writes masks in full, in an order of its own.
function Test-OwnRule {
    param($Entry, $Now)
    if (-not (Find-Fact -Facts $Entry -Path RemoteAddress)) { return $false }
    $Scopes = foreach ($Rule in $Entry, $Now) {
        $Networks = @(Find-Fact -Facts $Rule -Path RemoteAddress | ForEach-Object { Format-Network -Text $_ } | Sort-Object)
        $Profiles = @("$(Find-Fact -Facts $Rule -Path Profile)".Split(',') | ForEach-Object { $_.Trim() } | Sort-Object)
        "$($Networks -join ',') $($Profiles -join ',')"
    }
    $Scopes[0] -eq $Scopes[1]
}

# A network with the length of its mask: 10.0.9.0/255.255.255.0 is 10.0.9.0/24, and one address has none.
function Format-Network {
    param([string] $Text)
    $Address, $Mask = $Text.Split('/')
    if ($Mask -match '^([0-9]{1,3}\.){3}[0-9]{1,3}$') {
        $Bits = ($Mask.Split('.') | ForEach-Object { [System.Convert]::ToString([int]$_, 2).PadLeft(8, '0') }) -join ''
        $Mask = $Bits.TrimEnd('0').Length
    }
    if (-not $Mask -or (@('32', '128') -contains $Mask)) { $Address } else { "$Address/$Mask" }
}

# Whether the host still has what the run left: 'left', 'before' or 'changed'.
function Compare-Entry {
    param($Entry, $Now)
    $After = Find-Fact -Facts $Entry -Path After
    $Before = Find-Fact -Facts $Entry -Path Before
    if ($Entry.Kind -eq 'start') { $Before = [pscustomobject]@{ State = 'Stopped' } }
    if ($null -eq $After) {
        # Broken off between the record and the change.
        $After = switch ($Entry.Kind) {
            'start' { [pscustomobject]@{ State = 'Running' } }
            'registry' { [pscustomobject]@{ Exists = $null -ne $Entry.Value; Value = $Entry.Value } }
            'bind' { [pscustomobject]@{ Exists = $true; Value = $Entry.Thumbprint } }
        }
    }
    $Is = Format-Entry -Kind $Entry.Kind -Value $Now
    if ($Is -eq (Format-Entry -Kind $Entry.Kind -Value $Before)) { 'before' }
    elseif (($null -eq $After) -and ($Entry.Kind -eq 'security') -and (Test-OwnRight -Before $Before -Now $Now)) { 'left' }
    elseif (($null -eq $After) -and ($Entry.Kind -eq 'firewall') -and (Test-OwnRule -Entry $Entry -Now $Now)) { 'left' }
    elseif ($After -and ($Is -eq (Format-Entry -Kind $Entry.Kind -Value $After))) { 'left' }
    else { 'changed' }
}

function Format-Target { param($Entry) @($Entry.Name, $Entry.Path, $Entry.Service | Where-Object { $_ }) -join ' ' }

# What is to be put back of a remedy's entries, the last change first: Work, and Texts, Kept and Refused of those that are not.
function Find-UndoWork {
    param($Session, [object[]] $Entries, [string[]] $Dependents)
    $Readings = @{
        registry = 'read registry'; bind = 'read registry'; security = 'read security'; firewall = 'read rule'; start = 'read service'
    }
    $Found = @{ Work = @(); Texts = @(); Kept = 0; Refused = $false }
    $Seen = @{}
    foreach ($Entry in $Entries) {
        $Target = "$($Entry.Kind) $(Format-Target -Entry $Entry)"
        if ($Seen.ContainsKey($Target)) { $Seen[$Target].Before = $Entry.Before; continue }
        $Fault = @(Find-EntryFault -Entry $Entry)
        $Reads = $Readings.ContainsKey([string]$Entry.Kind)
        if (($Reads -and (Find-Fact -Facts $Entry -Path NoWayBack)) -or (-not $Reads -and -not $Fault)) {
            $Found.Texts += "no way back to $($Entry.NoWayBack)"
            $Found.Kept++
            continue
        }
        if (-not $Fault) {
            try {
                $Ask = [pscustomobject]@{ Kind = $Readings[$Entry.Kind]; Path = $Entry.Path; Name = $Entry.Name; Service = $Entry.Service }
                $Now = (Invoke-Change -Session $Session -Change $Ask -Dependents $Dependents).After
                $Fault = @(Find-EntryFault -Entry $Entry -Now $Now)
            }
            catch [System.Management.Automation.PipelineStoppedException] { throw }
            catch { $Fault = @($_.Exception.Message -replace "^$Untouched", '') }
        }
        if ($Fault) { $Found.Texts += $Fault[0]; $Found.Kept++; $Found.Refused = $true; continue }
        $Is = Compare-Entry -Entry $Entry -Now $Now
        if ($Is -eq 'changed') { $Found.Texts += "changed since: $(Format-Target -Entry $Entry)"; $Found.Kept++ }
        elseif ($Is -eq 'left') { $Found.Work += $Entry; $Seen[$Target] = $Entry }
    }
    $Found
}

# What undo restarts once the entries of a remedy are back.
function Find-UndoRestart {
    param([string] $Key)
    if (@('R2', 'R3') -contains $Key) { 'SessionEnv', 'TermService' } elseif ($Key -eq 'R4') { 'TermService' }
}

# What undo interrupts, as the end of the question: undo restarts, stops and closes by other ways than the step that it takes back.
function Format-UndoInterrupts {
    param([object[]] $Work, [string] $Key)
    $Stops = @(
        if (@($Work | Where-Object { $_.Kind -eq 'start' })) { 'Remote Desktop stops, and sessions are disconnected' }
        elseif (@(Find-UndoRestart -Key $Key) -contains 'TermService') { $CutsOff }
        if (@($Work | Where-Object { @('fDenyTSConnections', 'fEnableWinStation') -contains $_.Name })) {
            'Remote Desktop is off again, so nobody connects'
        }
        if (@($Work | Where-Object { $_.Kind -eq 'firewall' })) { 'connections that only these rules let in are cut off' }
        if ($Key -eq 'R5') { [string]$Remedies.R5.Interrupts }
    )
    if ($Stops) { "Interrupts: $($Stops -join '; ')." } else { 'Interrupts nothing.' }
}

# Puts the entries of one remedy back. Gives its status and detail.
function Undo-Step {
    param($Session, $Facts, $Found, [string] $Key, [string[]] $Dependents)
    $Texts = @($Found.Texts)
    $Back = 0
    try {
        foreach ($Entry in $Found.Work) {
            $Texts += [string](Invoke-Change -Session $Session -Change (New-BackChange -Entry $Entry) -Dependents $Dependents).Text
            $Back++
        }
        $Services = @(Find-UndoRestart -Key $Key)
        $Bars = @(if ($Services) { Find-RestartFault -Facts $Facts -Restart $Services })
        if ($Bars) { $Texts += "$($Bars -join '; '): restart $($Services -join ' and ') by hand" }
        else { Restart-Services -Session $Session -Services $Services -Dependents $Dependents }
        $Status = if ($Found.Kept -or $Bars) { 'partly undone' } else { 'undone' }
        if ($Key -eq 'R5') { $Texts += 'restart the machine' }
    }
    catch [System.Management.Automation.PipelineStoppedException] { throw }
    catch {
        $Why = [string]$_.Exception.Message
        $Texts += $Why -replace "^$Untouched", ''
        $Status = if ($Back -or ($Why -notlike "$Untouched*")) { 'partly undone' } else { 'failed' }
    }
    @{ Status = $Status; Detail = $Texts -join '; ' }
}

# Why a host is not known to be the machine of a record; nothing when it is. Clones share a GUID, so the name counts too.
function Find-OtherMachine {
    param($Recorded, $Read)
    $Unread = if ($Read.Facts) { Find-Unknown -Facts $Read.Facts -Group Identity } else { $Read.Why }
    if ($Unread) { return @{ Status = 'unknown'; Detail = $Unread } }
    $Guid = Find-Fact -Facts $Read.Facts -Path Identity.MachineGuid
    $FullName = [string](Find-Fact -Facts $Read.Facts -Path Identity.FullName)
    $Same = $FullName -and ($Guid -eq $Recorded.MachineGuid) -and ($FullName -eq $Recorded.FullName)
    # Where a machine shows no GUID, the time of its installation stands for it.
    $Installed = ConvertTo-Utc (Find-Installed -Facts $Read.Facts)
    if (-not $Guid) { $Same = $Same -and $Installed -and ($Installed -eq (ConvertTo-Utc $Recorded.Installed)) }
    if (-not $Same) { @{ Status = 'blocked'; Detail = 'another machine answers: it is not the one that was changed' } }
}

function Undo-OneHost {
    param($Recorded)
    $Row = [pscustomobject]@{
        Computer = $Recorded.Computer; Address = $Recorded.Address; Port = $Recorded.Port; ExpectedName = $Recorded.Name
    }
    $Keys = @($Recorded.Entries | ForEach-Object { $_.Remedy } | Select-Object -Unique)
    [array]::Reverse($Keys)
    $Identity = "compared: $($Recorded.Name)"
    $Session = $null
    try {
        $Opened = Open-RdpHost -Row $Row
        $Session = $Opened.Session
        if ($Session) {
            $Read = Read-HostFacts -Rows @{ [string]$Session.ComputerName = $Row } -Sessions @($Session)
            $Other = Find-OtherMachine -Recorded $Recorded -Read $Read
            if ($Other) { $Opened = $Other }
        }
        if ($Opened.Status) {
            foreach ($Key in $Keys) { Write-Result -Row $Row -Remedy $Key -Status $Opened.Status -Detail $Opened.Detail }
            return
        }
        $Dependents = @(Find-Fact -Facts $Read.Facts -Path Services.Dependents | Where-Object { $_ })
        foreach ($Key in $Keys) {
            $Run.Step = @{ Row = $Row; Key = $Key; Acting = $false }
            $Entries = @($Recorded.Entries | Where-Object { $_.Remedy -eq $Key })
            [array]::Reverse($Entries)
            $Found = Find-UndoWork -Session $Session -Entries $Entries -Dependents $Dependents
            if (-not $Found.Work) {
                $Outcome = @{ Status = $(if ($Found.Refused) { 'blocked' } elseif ($Found.Kept) { 'left alone' } else { 'in order' }) }
                $Outcome.Detail = if ($Found.Texts) { $Found.Texts -join '; ' } else { 'nothing is left to undo' }
            }
            else {
                $What = (@($Found.Work | ForEach-Object { "$($_.Kind) $(Format-Target -Entry $_)" }) | Select-Object -Unique) -join '; '
                $Stops = Format-UndoInterrupts -Work $Found.Work -Key $Key
                $No = if (-not $Apply) { 'WhatIf' }
                else { Confirm-Step -What "$($Row.Computer) ($Identity), undo $Key" -Question "$What. $Stops" }
                $Outcome = if ($No -eq 'WhatIf') { @{ Status = 'would be undone'; Detail = $What } }
                else { @{ Status = 'left alone'; Detail = $No } }
                if (-not $No) {
                    $Run.Step.Acting = $true
                    $Outcome = Undo-Step -Session $Session -Facts $Read.Facts -Found $Found -Key $Key -Dependents $Dependents
                }
            }
            $Run.Step = $null
            Write-Result -Row $Row -Identity $Identity -Remedy $Key -Status $Outcome.Status -Detail $Outcome.Detail
        }
    }
    finally { Close-RdpHost -Sessions @($Session) }
}
