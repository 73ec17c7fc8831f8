# Runs that are broken off, and that meet many silent hosts.
BeforeAll {
    . "$PSScriptRoot/fleet.ps1"
    $All, $env:PWSH_TEST_ALL = $env:PWSH_TEST_ALL, 'yes'
    . "$PSScriptRoot/states.ps1"
    $env:PWSH_TEST_ALL = $All
    $Hosts = [ordered]@{ weak = 'R3'; 'weak-hangs' = 'R3'; dead01 = 'R3' }
    $Faults = @{}
    foreach ($Name in 'weak', 'weak-hangs') { $Faults[$Name] = $States[$Name].Fault }
    $Fleet = New-Fleet -Hosts $Hosts -Faults $Faults -Silent dead01
    # Here and not in the processes that get the signal.
    . "$PSScriptRoot/windows/session.ps1" -Root $Fleet.Root
    function Read-Record { param([string] $Path) ([System.IO.File]::ReadAllText($Path) | ConvertFrom-Json).record }
}
AfterAll { Remove-Item -LiteralPath $Fleet.Root -Recurse -Force }

Describe 'Ctrl-C' {
    # As a process of its own, which gets the signal; the fakes leave what a host holds behind.
    BeforeAll {
        function Invoke-Broken {
            param([string] $Line, [scriptblock] $When)
            $Out = "$($Fleet.Root)/$([guid]::NewGuid()).out"
            $Quoted = $Fleet.Script.Replace("'", "''")
            $Command = ". '$PSScriptRoot/windows/session.ps1' -Root '$($Fleet.Root)' -SilentSeconds 60; & '$Quoted' $Line"
            $Encoded = [System.Convert]::ToBase64String([System.Text.Encoding]::Unicode.GetBytes($Command))
            $Files = @{ RedirectStandardOutput = $Out; RedirectStandardError = "$Out.err" }
            $Words = '-NoProfile', '-NonInteractive', '-EncodedCommand', $Encoded
            $Process = Start-Process -FilePath (Join-Path -Path $PSHOME -ChildPath pwsh) -ArgumentList $Words -PassThru @Files
            $End = [datetime]::UtcNow.AddSeconds(180)
            while (-not (& $When) -and ([datetime]::UtcNow -lt $End)) { Start-Sleep -Milliseconds 200 }
            & kill -INT $Process.Id
            $Process.WaitForExit(60000) | Should -BeTrue
            [System.IO.File]::ReadAllText($Out)
        }
        function Find-NewRun {
            param([string] $File)
            Get-ChildItem -LiteralPath "$($Fleet.Root)/broken" -Recurse -Filter $File -ErrorAction SilentlyContinue
        }
    }
    BeforeEach { Remove-Item -LiteralPath "$($Fleet.Root)/broken" -Recurse -Force -ErrorAction SilentlyContinue }
    It 'while hosts are read: a table' {
        $Text = Invoke-Broken -Line "-ComputerName dead01, weak -LogPath '$($Fleet.Root)/broken'" -When {
            Find-NewRun transcript.log
        }
        $Text | Should -Match 'weak\S*\s+identity\s+left alone\s+interrupted before its turn'
        (Get-Content -LiteralPath (Find-NewRun results.csv).FullName) -join "`n" | Should -Match 'interrupted before its turn'
    }
    It 'in the middle of a step: a table, the record, the line to undo, and what ran is started again' {
        $Text = Invoke-Broken -Line "-ComputerName weak-hangs, weak -Apply -Confirm:`$false -LogPath '$($Fleet.Root)/broken'" -When {
            # The fake leaves a mark where it hangs.
            Test-Path -LiteralPath "$($Fleet.Root)/weak-hangs/hangs"
        }
        $Text | Should -Match 'weak-hangs\S*\s+R3\s+partly done\s+interrupted'
        $Text | Should -Match 'weak\S*\s+identity\s+left alone\s+interrupted before its turn'
        $Text | Should -Match "To undo: & '.*it''s \[fix\].*undo\.json' -Apply"
        $Entry = @((Read-Record (Find-NewRun undo.json).FullName).Hosts[0].Entries)[0]
        "$($Entry.Name) $($Entry.Before.Value)" | Should -Be 'MinEncryptionLevel 1'
        (Find-Writes -Fleet $Fleet -Name weak-hangs) -join ' ' | Should -Match 'started UmRdpService'
        Find-Writes -Fleet $Fleet -Name weak | Should -BeNullOrEmpty
    }
}

# In CI with 40 hosts and a short timeout; in full with PWSH_TEST_HOSTS=300 PWSH_TEST_SILENT=21.
Describe 'Many silent hosts' {
    It 'are passed by side by side, with progress' {
        $Count = if ($env:PWSH_TEST_HOSTS) { [int]$env:PWSH_TEST_HOSTS } else { 40 }
        $Seconds = if ($env:PWSH_TEST_SILENT) { [double]$env:PWSH_TEST_SILENT } else { 1 }
        $Live = [math]::Max(1, [int][math]::Floor($Count / 30))
        $Many = [ordered]@{}
        1..$Count | ForEach-Object { $Many["many$_"] = 'R3' }
        $Dead = @($Many.Keys | Select-Object -Skip $Live)
        $Wide = New-Fleet -Hosts $Many -Silent $Dead
        try {
            $Shell = [powershell]::Create().AddScript({
                    param($Session, $Root, $Script, $Seconds)
                    . $Session -Root $Root -SilentSeconds $Seconds
                    & $Script
                }).AddArgument("$PSScriptRoot/windows/session.ps1").AddArgument($Wide.Root).AddArgument($Wide.Script).AddArgument($Seconds)
            $Watch = [System.Diagnostics.Stopwatch]::StartNew()
            $Rows = @($Shell.Invoke())
            $Watch.Stop()
            @($Rows | Where-Object { $_.Status -eq 'unknown' }).Count | Should -Be $Dead.Count
            @($Rows | Where-Object { ($_.Remedy -eq 'R3') -and ($_.Status -eq 'in order') }).Count | Should -Be $Live
            @($Shell.Streams.Progress | Where-Object { $_.StatusDescription -match "of $Count asked" }).Count |
                Should -BeGreaterOrEqual ([math]::Ceiling($Count / 32))
            Write-Host "$Count hosts, $($Dead.Count) silent for $Seconds s: $([int]$Watch.Elapsed.TotalSeconds) s"
            $Watch.Elapsed.TotalSeconds | Should -BeLessThan 300
        }
        finally { Remove-Item -LiteralPath $Wide.Root -Recurse -Force }
    }
}
