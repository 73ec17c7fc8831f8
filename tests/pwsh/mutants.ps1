# Removes each guard of the plan in turn, and says which no row of rows.ps1 notices; with -Rules, each rule of acting and of whom it
# touches, and says which no whole run notices. Not in CI: it takes minutes, and with -Rules half an hour.
param([switch] $Rules)
Set-StrictMode -Version 2.0
. "$PSScriptRoot/kit.ps1"
if ($Rules) {
    # The part, what is taken out of it, what stands there then, and the tests that notice, by their names.
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
        , @('record.ps1', "if (@('RemoteDesktop-UserMode-In-TCP'", "if (`$false -and @('RemoteDesktop-UserMode-In-TCP'", 'A record*')
        , @('record.ps1', "elseif (@('renew', 'register', 'resync') -notcontains `$Kind)", 'elseif ($false)', 'A record*')
        , @('undo.ps1', '($Guid -eq $Recorded.MachineGuid) -and', '', 'A record*')
        , @('undo.ps1', '((Find-Fact -Facts $Read.Facts -Path Identity.FullName) -eq $Recorded.FullName)', '$true', 'A record*')
        , @('undo.ps1', 'if (-not $Guid) {', 'if ($false) {', 'A record*')
        , @('undo.ps1', "else { 'changed' }", "else { 'left' }", 'A record*')
        , @('session.ps1', 'if ($Row.ExpectedName -and ($Who.Name -ne $Row.ExpectedName))', 'if ($false)', 'Whom it touches*')
        , @('session.ps1', 'if (-not $Who.Status -and $Identity -and ($Who.Identity -ne $Identity))', 'if ($false)', 'A host that is*')
        , @('run.ps1', 'if ($Piped -and ($BadInput -or -not $Names))', 'if ($false)', 'Whom it touches*')
        , @('run.ps1', "if (`$Bound.ContainsKey('ComputerName') -and", 'if ($false -and', 'Whom it touches*')
        , @('run.ps1', 'if (-not $Run.Complete) { Write-Interrupted }', '', 'Ctrl-C*')
        , @('change.ps1', "if ((Read-RdpState -Name `$One) -eq 'Stopped')", 'if ($false)', 'Ctrl-C*')
    )
    $Survived = 0
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
            $Settings.Run.Path = "$PSScriptRoot/run.Tests.ps1", "$PSScriptRoot/broken.Tests.ps1", "$PSScriptRoot/undo.Tests.ps1"
            $Settings.Run.PassThru = $true
            $Settings.Output.Verbosity = 'None'
            $Settings.Filter.FullName = $One[3]
            $Says = if ((Invoke-Pester -Configuration $Settings).FailedCount) { 'noticed' } else { 'not noticed' }
            $env:PWSH_TEST_PARTS = ''
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
