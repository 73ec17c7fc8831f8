# Removes each guard of the plan in turn, and says which no row of rows.ps1 notices; with -Rules, each rule of acting and of whom it
# touches, and says which no whole run notices. Not in CI: it takes minutes, and with -Rules half an hour.
# -Like is a pattern of those to try, as they are printed.
param([switch] $Rules, [string] $Like = '*')
Set-StrictMode -Version 2.0
. "$PSScriptRoot/kit.ps1"
if ($Rules) {
    # The part, what is taken out of it, what stands there then, and the tests that notice, by their names, or by a state.
    $Removed = @(
        , @('plan.ps1', '-and ($Passed -notcontains $Need)', '', 'A step that waits*')
        , @('record.ps1', 'if (-not $Hosts) {', 'if ($false) {', 'The record of a run that*')
        , @('run.ps1', '[System.IO.Directory]::Exists($Path)', '$false', 'The record of a run that*')
        , @('step.ps1', 'try { if ($Asker.ShouldProcess(', 'return ""; try { if ($Asker.ShouldProcess(', 'Whom it touches.leaves alone*')
        , @('step.ps1', 'if ((Format-Step -Step $Now) -ne (Format-Step -Step $Step)) {', 'if ($false) {', 'A host that is*')
        , @('step.ps1', 'try { Save-Record } catch {', 'try { Save-Record } catch { } try { } catch {', 'A full disk*')
        , @('record.ps1', '-ArgumentList "$Path.new",', '-ArgumentList $Path,', 'A full disk*')
        , @('record.ps1', 'if ((Measure-Sum -Text $Json) -ne $Sum)', 'if ($false)', 'A record*')
        , @('record.ps1', 'if (-not $Known -or -not $Before)', 'if ($false)', 'A record*')
        , @('record.ps1', 'elseif ($Before.Exists -and', 'elseif ($false -and', 'A record*')
        , @('record.ps1', '(P|AI|AR)*(\([^()]*\))*$', '', 'A record*')
        , @('record.ps1', 'if (($UndoAccounts -notcontains $Before.Owner) -and', 'if ($false -and', 'A record*')
        , @('record.ps1', "if ((`$Part[0] -ne 'D') -and", 'if ($false -and', 'A record*')
        , @('record.ps1', '($Wanted -bor $Held) -eq $Held', '$true', 'A record*')
        , @('record.ps1', "elseif (`$Before.Enabled -ne 'False')", 'elseif ($false)', 'A record*')
        , @('record.ps1', "if (@('RemoteDesktop-UserMode-In-TCP'", "if (`$false -and @('RemoteDesktop-UserMode-In-TCP'",
            'Rights to put back*')
        , @('record.ps1', "elseif (@('renew', 'register', 'resync') -notcontains `$Kind)", 'elseif ($false)', 'A record*')
        , @('undo.ps1', '($Guid -eq $Recorded.MachineGuid) -and', '', 'The record*')
        , @('undo.ps1', '-and ($FullName -eq $Recorded.FullName)', '', 'The record*')
        , @('undo.ps1', 'if (-not $Guid) {', 'if ($false) {', 'The record*')
        , @('undo.ps1', "else { 'changed' }", "else { 'left' }", 'A record*')
        , @('session.ps1', 'if ($Expected -and ($Who.Name -ne $Expected)', 'if ($false', 'Who answers*')
        , @('session.ps1', "(`$Who.Name -ne `$Expected.Substring(0", "(`$true -or `$Expected.Substring(0", 'Who answers*')
        , @('session.ps1', "elseif (`$Mode -ne 'FullLanguage')", 'elseif ($false)', 'Who answers*')
        , @('session.ps1', '$Options.OpenTimeout = ', '$null = ', 'A session*')
        , @('session.ps1', '$Options.CancelTimeout = ', '$null = ', 'A session*')
        , @('session.ps1', '$Options.MaxConnectionRetryCount = 0', '', 'A session*')
        , @('session.ps1', 'if (-not $Options) {', 'if ($true) {', 'A session*')
        , @('session.ps1', 'if ($Credential) {', 'if ($false) {', 'A session*')
        , @('session.ps1', 'if ($UseSSL) { $Way', 'if ($false) { $Way', 'A session*')
        , @('session.ps1', 'if ($Port) { $Way', 'if ($false) { $Way', 'A session*')
        , @('session.ps1', 'if ($Authentication) {', 'if ($false) {', 'A session*')
        , @('read.ps1', 'if ($Again) {', 'if ($false) {', 'A session*')
        , @('read.ps1', 'Find-Accepting -Computers $Opened.TimedOut -Seconds 3', '$Opened.TimedOut + $Opened.Failures.Keys', 'A session*')
        , @('read.ps1', 'if ($ByAddress) {', 'if ($false) {', 'A session*')
        , @('read.ps1', 'Identity.Administrator) -eq $false', 'Identity.Administrator) -eq 1', 'Who answers*')
        , @('read.ps1', "Write-Progress -Activity 'Reading hosts' -Status", "`$null = 'x' + ", 'Many silent*')
        , @('read.ps1', '$At += $ThrottleLimit', '$At += 1', 'Many silent*')
        , @('head.ps1', "[Alias('Name', 'Computer')]", '', 'Whom it touches*')
        , @('head.ps1', "[Parameter(ParameterSetName = 'Repair')]`n    [ValidateSet('R1'", "[ValidateSet('R1'", 'The whole script*')
        , @('tail.ps1', '$RepairBad = $true', '', 'Whom it touches*')
        , @('rows.ps1', 'if ($Found.Count -gt 1) { throw', 'if ($false) { throw', 'Whom it touches*')
        , @('rows.ps1', "`$Own += `$Row.Computer.Split('.')[0]", '', 'Whom it touches*')
        , @('step.ps1', '"$($Step.Detail). $Stops"', '"$($Step.Detail)."', 'A step that waits*')
        , @('step.ps1', "if (`$No) { if (`$No -ne 'WhatIf')", "if (`$No -and (`$No -ne 'WhatIf')) { if (`$true)", 'Whom it touches*')
        , @('step.ps1', '$Run.Step.Acting = $true', '', 'Ctrl-C*')
        , @('step.ps1', '$Entry.Before = (Invoke-Change -Session $Session -Change ([pscustomobject]@{ Kind = ''read security''',
            '$Entry.Before = (Invoke-Change -Session $Session -Change ([pscustomobject]@{ Kind = ''test''', 'A record*')
        , @('record.ps1', 'if ([System.IO.File]::ReadAllText("$Path.new") -cne $Text)', 'if ($false)', 'The record*')
        , @('undo.ps1', '-and $Installed', '', 'The record*')
        , @('undo.ps1', '$Same = $FullName -and', '$Same =', 'The record*')
        , @('undo.ps1', 'if ($Unread) { return', 'if ($false) { return', 'The record*')
        , @('undo.ps1', "elseif (`$Is -eq 'left') {", 'else {', '', 'weak')
        , @('undo.ps1', 'if ($Bars) {', 'if ($false) {', '', 'bind-term-fixed')
        , @('undo.ps1', '($Reads -and (Find-Fact -Facts $Entry -Path NoWayBack))', '$false', '', 'data-odd')
        , @('step.ps1', 'if (-not $Taken) { & $Mark }', '', '', 'data-odd')
        , @('change.ps1', "catch { 'Stopped' }", 'catch { throw }', '', 'cim-breaks')
        , @('change.ps1', 'if (-not (Test-RdpDenied -Exception $_.Exception)) { throw }', 'throw', '', 'key-of-system')
        , @('R04.ps1', '{ $Finding.Changes += New-TestChange -Facts $Facts }', '{ }', '', 'bind-refuses')
        , @('change.ps1', '$Back.Add($Old)', '', '', 'name-not-made')
        , @('change.ps1', "elseif (`$Served.State -ne 'off') {", 'elseif ($false) {', '', 'old-taken')
        , @('change.ps1', 'if ([datetime]::UtcNow -gt $End) { throw', 'if ([datetime]::UtcNow -gt $End) { break } if ($false) { throw', '',
            'weak-hangs')
        , @('host.ps1', '(Test-RdpError -Exception $Exception -Result -2147024891) -or', '', '', 'key-in-german')
        , @('session.ps1', 'if (-not $Who.Status -and $Identity -and ($Who.Identity -ne $Identity))', 'if ($false)', 'Who answers*')
        , @('run.ps1', 'if ($Piped -and ($BadInput -or -not $Names))', 'if ($false)', 'Whom it touches*')
        , @('run.ps1', "if (`$Bound.ContainsKey('ComputerName') -and", 'if ($false -and', 'Whom it touches*')
        , @('run.ps1', 'if (-not $Run.Complete) { Write-Interrupted }', '', 'Ctrl-C*')
        , @('change.ps1', "if (`$State -eq 'Stopped')", 'if ($false)', 'Ctrl-C*')
    )
    $Survived = 0
    $Removed = @($Removed | Where-Object { "$($_[0]): $($_[1])" -like $Like })
    foreach ($One in $Removed) {
        $Folder = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath ([guid]::NewGuid())
        $null = [System.IO.Directory]::CreateDirectory("$Folder/repair")
        Copy-Item -Path "$PartsFolder/*" -Destination "$Folder/repair"
        Copy-Item -LiteralPath "$PartsFolder/../script.rs" -Destination $Folder
        $Text = [System.IO.File]::ReadAllText("$Folder/repair/$($One[0])")
        $Says = 'not there any more'
        if ($Text.Contains($One[1])) {
            [System.IO.File]::WriteAllText("$Folder/repair/$($One[0])", $Text.Replace($One[1], $One[2]))
            $env:PWSH_TEST_PARTS = "$Folder/repair"
            $Settings = New-PesterConfiguration
            $Files = if ($One.Count -gt 4) { , 'states' } else { 'run', 'broken', 'undo', 'session', 'script' }
            $Settings.Run.Path = @($Files | ForEach-Object { "$PSScriptRoot/$_.Tests.ps1" })
            $Settings.Run.PassThru = $true
            $Settings.Output.Verbosity = 'None'
            if ($One.Count -gt 4) { $env:PWSH_TEST_ALL = 'yes'; $env:PWSH_TEST_STATES = "^$($One[4])`$" }
            else { $Settings.Filter.FullName = $One[3] }
            $Says = if ((Invoke-Pester -Configuration $Settings).FailedCount) { 'noticed' } else { 'not noticed' }
            $env:PWSH_TEST_PARTS = $env:PWSH_TEST_STATES = $env:PWSH_TEST_ALL = ''
        }
        if ($Says -ne 'noticed') { $Survived++ }
        "${Says}: $($One[0]): $($One[1])"
        Remove-Item -LiteralPath $Folder -Recurse
    }
    "$($Removed.Count) rules, $Survived not noticed"
    exit [int]($Survived -gt 0)
}
$Texts = @{}
foreach ($Part in $PlanParts) {
    $Texts[$Part] = [System.IO.File]::ReadAllText((Join-Path -Path $PartsFolder -ChildPath $Part))
    . ([scriptblock]::Create($Texts[$Part]))
}
. "$PSScriptRoot/rows.ps1"
$Survived = 0
$Count = 0
foreach ($Part in $PlanParts) {
    # A remedy's own rows notice soonest.
    $Key = $Part -replace '^R0?([0-9]+)\.ps1$', 'R$1'
    $Ordered = @($Rows | Where-Object { $_.Remedy -eq $Key }) + @($Rows | Where-Object { $_.Remedy -ne $Key })
    $Found = @([regex]::Matches($Texts[$Part], '\$Finding\.(Blocked|Unsure|Unknown) \+= |Add-RestartFault -Finding'))
    # What a remedy's own rows, and those that wait for it, would show.
    foreach ($Guard in $Found |
        Where-Object { $Texts[$Part].Substring(0, $_.Index) -notmatch 'function Add-RestartFault[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*$' }) {
        $Count++
        $Old = $Guard.Value
        $New = if ($Old -like 'Add-*') { '$null = New-Object -TypeName object; function Skip-Guard { }; Skip-Guard -Finding' }
        else { '$null = ' }
        . ([scriptblock]::Create($Texts[$Part].Remove($Guard.Index, $Old.Length).Insert($Guard.Index, $New)))
        $Noticed = $false
        foreach ($Row in $Ordered) {
            try { $Step = Resolve-Plan -Changes $Row.Changes | Where-Object { $_.Remedy -eq $Row.Remedy } } catch {
                $Noticed = $true
                break
            }
            if (($Step.Status -ne $Row.Status) -or ($Row.Detail -and -not $Step.Detail.Contains($Row.Detail))) { $Noticed = $true; break }
        }
        if (-not $Noticed) {
            $Survived++
            $Line = ($Texts[$Part].Substring(0, $Guard.Index) -split "`n").Count
            "not noticed: ${Part}:${Line}: $((($Texts[$Part] -split "`n")[$Line - 1]).Trim())"
        }
    }
    . ([scriptblock]::Create($Texts[$Part]))
}
"$Count guards, $Survived not noticed"
exit [int]($Survived -gt 0)
