# What a run does beside repairing: whom it touches, what it refuses to undo, and full disks.
BeforeAll {
    . "$PSScriptRoot/fleet.ps1"
    $All, $env:PWSH_TEST_ALL = $env:PWSH_TEST_ALL, 'yes'
    . "$PSScriptRoot/states.ps1"
    $env:PWSH_TEST_ALL = $All
    foreach ($Part in 'plan.ps1', 'rows.ps1', 'written.ps1', 'record.ps1') { . (Join-Path -Path $PartsFolder -ChildPath $Part) }
    $Hosts = [ordered]@{
        weak = 'R3'; 'key-denied' = 'R1'; closed = 'R7'; 'wants-issued' = 'R4'; dead01 = 'R3'; swap01 = 'R3'; full = 'R3'
        'not-taken' = 'R4'
    }
    $Faults = @{ swap01 = { param($State) $State.ComputerName = 'other01' }; full = $States['weak'].Fault }
    foreach ($Name in @($Hosts.Keys | Where-Object { $States.Contains($_) })) { $Faults[$Name] = $States[$Name].Fault }
    $Fleet = New-Fleet -Hosts $Hosts -Faults $Faults -Silent dead01
    . "$PSScriptRoot/windows/session.ps1" -Root $Fleet.Root -Keep
    function Read-Record { param([string] $Path) ([System.IO.File]::ReadAllText($Path) | ConvertFrom-Json).record }
    $Apply = @{ AdminNetwork = '10.0.9.0/24'; TimeoutSeconds = 20; Apply = $true; Confirm = $false }
}
AfterAll { Remove-Item -LiteralPath $Fleet.Root -Recurse -Force }

Describe 'Whom it touches' {
    It 'refuses <_>, and reads nothing' -ForEach '$null', "''", '@()', "'nobody'", "'wea*'" {
        $null = & $Fleet.Script -ComputerName (& ([scriptblock]::Create($_))) 2>$null
        $LASTEXITCODE | Should -Be 2
        Test-Path -LiteralPath "$($Fleet.Fix)/runs" | Should -BeFalse
    }
    It 'refuses a pipeline with <Names> that are no names' -ForEach @{ Names = @() }, @{ Names = @('weak', '') },
        @{ Names = @('weak', $null) }, @{ Names = @('weak', 'a b') } {
        $null = $Names | & $Fleet.Script 2>$null
        $LASTEXITCODE | Should -Be 2
        Test-Path -LiteralPath "$($Fleet.Fix)/runs" | Should -BeFalse
    }
    It 'takes <What> from the pipeline, and that host alone' -ForEach @(
        @{ What = 'a name'; Given = 'weak' }, @{ What = 'Name'; Given = [pscustomobject]@{ Name = 'weak' } }
        @{ What = 'Computer'; Given = [pscustomobject]@{ Computer = 'weak.corp.example' } }
    ) {
        $Rows = @($Given | & $Fleet.Script 6>$null)
        @($Rows | ForEach-Object { $_.Computer } | Select-Object -Unique) | Should -Be 'weak.corp.example'
        $LASTEXITCODE | Should -Be 0
    }
    It 'offers the names of the list' {
        $Line = "& '$($Fleet.Script.Replace("'", "''"))' -ComputerName wea"
        (TabExpansion2 -inputScript $Line -cursorColumn $Line.Length).CompletionMatches.CompletionText | Should -Contain 'weak.corp.example'
    }
    It 'takes the name that a host gave to the scan for one that is reached by address' {
        $List = [pscustomobject]@{ Computer = '10.0.0.5'; Address = '10.0.0.5'; ExpectedName = 'sql02' },
            [pscustomobject]@{ Computer = 'sql03.corp.example'; Address = '10.0.0.6'; ExpectedName = 'sql03' }
        (Select-HostRow -Rows $List -Names sql02, sql03).Computer | Should -Be '10.0.0.5', 'sql03.corp.example'
        { Select-HostRow -Rows ($List + $List[0].PSObject.Copy()) -Names sql02 } | Should -Throw '*fits*'
    }
    It 'says unknown of silent hosts, and leaves one alone that calls itself by another name' {
        $Run = Invoke-Repair -Fleet $Fleet -With ($Apply + @{ ComputerName = 'dead01', 'swap01' })
        Find-Status -Run $Run -Name dead01 -Key identity | Should -Be 'unknown'
        Find-Status -Run $Run -Name swap01 -Key identity | Should -Be 'blocked'
        $Run.Exit | Should -Be 1
        Find-Writes -Fleet $Fleet -Name swap01 | Should -BeNullOrEmpty
    }
    It 'leaves alone what nobody confirms' {
        $Shell = [powershell]::Create().AddScript({
                param($Session, $Root, $Script)
                . $Session -Root $Root
                & $Script -ComputerName weak -Apply
            }).AddArgument("$PSScriptRoot/windows/session.ps1").AddArgument($Fleet.Root).AddArgument($Fleet.Script)
        $Row = @($Shell.Invoke())[0]
        "$($Row.Status): $($Row.Detail)" | Should -Be 'left alone: not confirmed; use -Confirm:$false where nobody can answer'
        Find-Writes -Fleet $Fleet -Name weak | Should -BeNullOrEmpty
    }
    It 'changes nothing with -WhatIf' {
        $Rows = @(& $Fleet.Script -ComputerName weak -Apply -WhatIf 6>$null)
        "$($Rows.Remedy) $($Rows.Status)" | Should -Be 'R3 would be done'
        Find-Writes -Fleet $Fleet -Name weak | Should -BeNullOrEmpty
    }
    It 'leaves the preferences and the strictness of a caller that dot-sources it' {
        & {
            . $Fleet.Script -ComputerName weak 6>$null | Out-Null
            "$ErrorActionPreference $($NoSuchVariable)$(@{}.NoSuchKey.NoSuchPart)"
        } | Should -Be 'Continue '
    }
}

Describe 'A host that is another one, or another state, when its turn comes' {
    # The first session reads, the second one acts.
    BeforeEach { $global:FakeTimes = 0 }
    AfterEach { Remove-Item -Path variable:global:FakeMeanwhile }
    It 'is left alone where <What> changed' -ForEach @(
        @{ What = 'what is wrong with it'; Status = 'left alone'; Detail = 'changed since it was read'; Edit = {
                param($State) ($State.Registry | Where-Object { $_.Name -eq 'MinEncryptionLevel' }).Data = 0
            }
        }
        @{ What = 'nothing is wrong any more, it'; Status = 'in order'; Detail = 'changed since it was read'; Edit = {
                param($State) ($State.Registry | Where-Object { $_.Name -eq 'MinEncryptionLevel' }).Data = 3
            }
        }
        @{ What = 'its name'; Status = 'blocked'; Detail = 'another machine'; Edit = { param($State) $State.ComputerName = 'other02' } }
    ) {
        $File = "$($Fleet.Root)/full/state.xml"
        $Old = [System.IO.File]::ReadAllText($File)
        $global:FakeMeanwhile = {
            $global:FakeTimes++
            if ($FakeTimes -ne 2) { return }
            $State = Import-Clixml -LiteralPath $File
            & $Edit $State
            $State | Export-Clixml -LiteralPath $File -Depth 6
        }.GetNewClosure()
        try { $Run = Invoke-Repair -Fleet $Fleet -With ($Apply + @{ ComputerName = 'full' }) }
        finally { [System.IO.File]::WriteAllText($File, $Old) }
        $Row = Find-Row -Run $Run -Name full -Key R3
        "$($Row.Status): $($Row.Detail)" | Should -Match "^${Status}: $Detail"
        Find-Writes -Fleet $Fleet -Name full | Should -BeNullOrEmpty
    }
}

Describe 'A full disk' {
    BeforeAll {
        $Full = "$($Fleet.Root)/full-disk"
        $null = [System.IO.Directory]::CreateDirectory($Full)
        & mount -t tmpfs -o size=64k tmpfs $Full
    }
    AfterAll { & umount $Full }
    It 'keeps the record of before, where the next one does not fit' {
        Write-UndoRecord -Record @{ Text = 'first' } -Path "$Full/undo.json"
        { Write-UndoRecord -Record @{ Text = 'x' * 100000 } -Path "$Full/undo.json" } | Should -Throw
        (Read-Record "$Full/undo.json").Text | Should -Be 'first'
        Remove-Item -LiteralPath "$Full/undo.json", "$Full/undo.json.new"
    }
    It 'lets no change through without its record' {
        [System.IO.Directory]::CreateDirectory("$Full/runs") | Out-Null
        & sh -c 'cat /dev/zero >"$0/fill" 2>/dev/null' $Full
        $Run = Invoke-Repair -Fleet $Fleet -With ($Apply + @{ ComputerName = 'full'; LogPath = $Full })
        Find-Status -Run $Run -Name full -Key R3 | Should -Be 'failed'
        $Run.Exit | Should -Be 1
        Find-Writes -Fleet $Fleet -Name full | Should -BeNullOrEmpty
    }
}

Describe 'The record of a run that changed nothing' {
    It 'is not written, so that the newest one is of changes' {
        $Logs = "$($Fleet.Root)/unchanged"
        $Run = Invoke-Repair -Fleet $Fleet -With ($Apply + @{ ComputerName = 'not-taken'; LogPath = $Logs })
        Find-Status -Run $Run -Name not-taken -Key R4 | Should -Be 'failed'
        @(Get-ChildItem -LiteralPath $Logs -Recurse -Filter results.csv).Count | Should -Be 1
        Get-ChildItem -LiteralPath $Logs -Recurse -Filter 'undo.json*' | Should -BeNullOrEmpty
    }
    It 'does not touch that of a run in the same second' {
        $Logs = "$($Fleet.Root)/same"
        $Taken = foreach ($I in 0..90) { "$Logs/runs/$([datetime]::UtcNow.AddSeconds($I).ToString("yyyyMMdd'T'HHmmss'Z'"))-$PID" }
        foreach ($Path in $Taken) { $null = [System.IO.Directory]::CreateDirectory($Path) }
        $null = Invoke-Repair -Fleet $Fleet -With @{ ComputerName = 'weak'; LogPath = $Logs }
        $Written = (Get-ChildItem -LiteralPath $Logs -Recurse -Filter results.csv).FullName
        $Written | Should -Match "-$PID-2"
    }
}

Describe 'A record' {
    BeforeAll {
        $Run = Invoke-Repair -Fleet $Fleet -With ($Apply + @{ ComputerName = 'weak', 'key-denied', 'closed', 'wants-issued' })
        $Run.Exit | Should -Be 0 -Because (@($Run.Rows | ForEach-Object { "$($_.Remedy) $($_.Status): $($_.Detail)" }) -join '; ')
        $Record = @(Get-ChildItem -LiteralPath "$($Fleet.Fix)/runs" -Recurse -Filter undo.json).FullName
        # Edits the first entry of a kind, and corrects the sum, as somebody does who means it.
        function Edit-Record {
            param([string] $Kind, [scriptblock] $Edit)
            $Changed = Read-Record $Record
            $Changed.Hosts = @($Changed.Hosts | Where-Object { @($_.Entries.Kind) -contains $Kind })
            foreach ($One in $Changed.Hosts) {
                $One.Entries = @($One.Entries | Where-Object { $_.Kind -eq $Kind } | Select-Object -First 1)
            }
            & $Edit $Changed.Hosts[0] $Changed.Hosts[0].Entries[0]
            $Path = "$($Fleet.Root)/edited.json"
            Write-UndoRecord -Record $Changed -Path $Path
            Invoke-Repair -Fleet $Fleet -With @{ UndoPath = $Path; Apply = $true; Confirm = $false; TimeoutSeconds = 3 }
        }
    }
    It 'with <What> is refused, and nothing is written' -ForEach @(
        @{ What = 'another value'; Kind = 'registry'; Edit = { param($One, $Entry) $Entry.Name = $Entry.Before.Name = 'Evil' } }
        @{
            What = 'another path'; Kind = 'registry'
            Edit = { param($One, $Entry) $Entry.Path = $Entry.Before.Path = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Run' }
        }
        @{ What = 'another kind of data'; Kind = 'registry'; Edit = { param($One, $Entry) $Entry.Before.Kind = 'String' } }
        @{ What = 'data out of range'; Kind = 'registry'; Edit = { param($One, $Entry) $Entry.Before.Value = 99 } }
        @{
            What = 'rights for others'; Kind = 'security'
            Edit = { param($One, $Entry) $Entry.Before.Sddl += '(A;;0x1f01ff;;;S-1-5-21-1-2-3-500)' }
        }
        @{ What = 'no list of rights'; Kind = 'security'; Edit = { param($One, $Entry) $Entry.Before.Sddl = 'D:NO_ACCESS_CONTROL' } }
        @{ What = 'another owner'; Kind = 'security'; Edit = { param($One, $Entry) $Entry.Before.Owner = 'S-1-5-21-1-2-3-500' } }
        @{ What = 'a path beside the keys'; Kind = 'security'; Edit = { param($One, $Entry) $Entry.Path = '/etc' } }
        @{
            What = 'a rule that is on'; Kind = 'firewall'
            Edit = { param($One, $Entry) $Entry.Before.Enabled = 'True'; $Entry.Before.RemoteAddress = @('Any') }
        }
        @{ What = 'another rule'; Kind = 'firewall'; Edit = { param($One, $Entry) $Entry.Name = 'FPS-SMB-In-TCP' } }
        @{ What = 'an invented change'; Kind = 'bind'; Edit = { param($One, $Entry) $Entry.Kind = 'restart' } }
        @{ What = 'another GUID'; Kind = 'registry'; Edit = { param($One, $Entry) $One.MachineGuid = 'b3b0'; $Entry.Before.Value = 0 } }
        @{ What = 'another full name'; Kind = 'registry'; Edit = { param($One, $Entry) $One.FullName = 'weak.other.example' } }
        @{
            What = 'another time of installation'; Kind = 'registry'; Edit = { param($One, $Entry) $One.Installed = '2020-01-01T00:00:00Z' }
        }
    ) {
        $Names = @($Hosts.Keys)
        $Before = @($Names | ForEach-Object { (Find-Writes -Fleet $Fleet -Name $_).Count })
        $Back = Edit-Record -Kind $Kind -Edit $Edit
        $Back.Rows | ForEach-Object { $_.Status } | Should -Be 'blocked'
        $Back.Exit | Should -Be 1
        @($Names | ForEach-Object { (Find-Writes -Fleet $Fleet -Name $_).Count }) | Should -Be $Before
    }
    It 'that was edited or damaged otherwise is not read' {
        $Path = "$($Fleet.Root)/damaged.json"
        [System.IO.File]::WriteAllText($Path, [System.IO.File]::ReadAllText($Record).Replace('"Value":1', '"Value":0'))
        (Invoke-Repair -Fleet $Fleet -With @{ UndoPath = $Path; Apply = $true; Confirm = $false }).Exit | Should -Be 2
    }
    It 'leaves alone what was changed since' {
        $State = Import-Clixml -LiteralPath "$($Fleet.Root)/weak/state.xml"
        ($State.Registry | Where-Object { $_.Name -eq 'MinEncryptionLevel' }).Data = 4
        $State | Export-Clixml -LiteralPath "$($Fleet.Root)/weak/state.xml" -Depth 6
        $Row = Find-Row -Run (Invoke-Repair -Fleet $Fleet -With @{
            UndoPath = $Record; ComputerName = 'weak'; Apply = $true; Confirm = $false
        }) -Name weak -Key R3
        "$($Row.Status) $($Row.Detail)" | Should -Match '^left alone changed since'
    }
    It 'is shown without -Apply, and undone where no value is edited' {
        Find-Status -Run (Invoke-Repair -Fleet $Fleet -With @{ UndoPath = $Record; ComputerName = 'closed' }) -Name closed -Key R7 |
            Should -Be 'would be undone'
        Find-Status -Run (Invoke-Repair -Fleet $Fleet -With @{
            UndoPath = $Record; ComputerName = 'closed'; Apply = $true; Confirm = $false
        }) -Name closed -Key R7 | Should -Be 'undone'
    }
}
