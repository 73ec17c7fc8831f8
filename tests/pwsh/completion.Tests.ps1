# Completion of rdpscan's command line, as PowerShell asks for it. RDPSCAN names a built rdpscan.
BeforeAll {
    . "$PSScriptRoot/kit.ps1"
    if ($env:RDPSCAN) {
        $Work = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath ([guid]::NewGuid())
        foreach ($Folder in 'bin', 'work/subfolder', "work/it's [here]", 'home/cases') {
            $null = [System.IO.Directory]::CreateDirectory("$Work/$Folder")
        }
        foreach ($File in 'a.json', 'b [1].json', "it's.json", "it's [here]/c.json", '$d.json', '.hidden.json') {
            [System.IO.File]::WriteAllText("$Work/work/$File", '')
        }
        [System.IO.File]::WriteAllText("$Work/home/cases/e.json", '')
        Copy-Item -LiteralPath $env:RDPSCAN -Destination "$Work/bin/rdpscan"
        Copy-Item -LiteralPath $env:RDPSCAN -Destination "$Work/work/rdpscan"
        $Script = [System.IO.File]::ReadAllText((Join-Path -Path $PSScriptRoot -ChildPath '../../src/cli/complete/shells/rdpscan.ps1'))
        $Shell = [powershell]::Create()
        # Of a shell of its own: what the line has become with each answer; Path is where rdpscan is found.
        function Expand-Line {
            param([string] $Line, [string] $Path = "$Work/bin")
            $Shell.Commands.Clear()
            $null = $Shell.AddScript({
                    param($Script, $Line, $Path, $Work)
                    Set-Location -LiteralPath "$Work/work"
                    $env:PATH = "${Path}:/usr/bin:/bin"
                    Set-Variable -Name HOME -Value "$Work/home" -Force
                    & ([scriptblock]::Create($Script))
                    $Found = TabExpansion2 -inputScript $Line -cursorColumn $Line.Length
                    foreach ($One in $Found.CompletionMatches) {
                        $Line.Remove($Found.ReplacementIndex, $Found.ReplacementLength).Insert($Found.ReplacementIndex, $One.CompletionText)
                    }
                }).AddArgument($Script).AddArgument($Line).AddArgument($Path).AddArgument($Work)
            @($Shell.Invoke())
        }
    }
}
AfterAll { if ($env:RDPSCAN) { $Shell.Dispose(); Remove-Item -LiteralPath $Work -Recurse -Force } }

Describe 'Completion' -Skip:(-not $env:RDPSCAN) {
    It '<Line> becomes <Becomes>' -ForEach @(
        @{ Line = 'rdpscan repo'; Becomes = 'rdpscan report' }
        @{ Line = 'rdpscan report a'; Becomes = 'rdpscan report a.json' }
        @{ Line = 'rdpscan report ./a'; Becomes = 'rdpscan report ./a.json' }
        @{ Line = 'rdpscan report sub'; Becomes = 'rdpscan report subfolder' }
        @{ Line = 'rdpscan report b'; Becomes = "rdpscan report 'b [1].json'" }
        @{ Line = "rdpscan report 'b ["; Becomes = "rdpscan report 'b [1].json'" }
        @{ Line = 'rdpscan report "b ['; Becomes = "rdpscan report 'b [1].json'" }
        @{ Line = 'rdpscan report b` `['; Becomes = "rdpscan report 'b [1].json'" }
        @{ Line = "rdpscan report 'it''s."; Becomes = "rdpscan report 'it''s.json'" }
        @{ Line = "rdpscan report 'it''s [here]/"; Becomes = "rdpscan report 'it''s [here]/c.json'" }
        @{ Line = 'rdpscan report ''$'; Becomes = "rdpscan report '`$d.json'" }
        @{ Line = 'rdpscan report .h'; Becomes = 'rdpscan report .hidden.json' }
        @{ Line = 'rdpscan report ~/ca'; Becomes = 'rdpscan report ~/cases' }
        @{ Line = 'rdpscan --file=a'; Becomes = 'rdpscan --file=a.json' }
        @{ Line = "rdpscan '--file=it''s [h"; Becomes = "rdpscan '--file=it''s [here]'" }
        @{ Line = 'rdpscan --file=b'; Becomes = "rdpscan '--file=b [1].json'" }
        @{ Line = "rdpscan '@a"; Becomes = "rdpscan '@a.json'" }
        @{ Line = 'rdpscan fix a.json -o sub'; Becomes = 'rdpscan fix a.json -o subfolder' }
        @{ Line = 'rdpscan fix a.json --rem'; Becomes = 'rdpscan fix a.json --remedy' }
        @{ Line = 'rdpscan --format m'; Becomes = 'rdpscan --format markdown' }
        @{ Line = 'rdpscan --format=ma'; Becomes = 'rdpscan --format=markdown' }
        @{ Line = "rdpscan --format 'ma"; Becomes = 'rdpscan --format markdown' }
        @{ Line = "rdpscan --filter '' --format ma"; Becomes = "rdpscan --filter '' --format markdown" }
        @{ Line = 'rdpscan --filter ''a "b"'' --format ma'; Becomes = 'rdpscan --filter ''a "b"'' --format markdown' }
        @{ Line = 'rdpscan open a.json --columns state,not_a'; Becomes = 'rdpscan open a.json --columns state,not_after' }
        @{ Line = 'rdpscan open a.json --sort=-not_a'; Becomes = 'rdpscan open a.json --sort=-not_after' }
        @{ Line = 'rdpscan 127.0.0.1:3390 --profile g'; Becomes = 'rdpscan 127.0.0.1:3390 --profile gentle' }
        @{ Line = 'Get-Date; rdpscan repo'; Becomes = 'Get-Date; rdpscan report' }
        @{ Line = '$x = rdpscan repo'; Becomes = '$x = rdpscan report' }
    ) { Expand-Line -Line $Line | Should -Be $Becomes }

    It 'lists all that fits for <Line>' -ForEach @(
        @{ Line = 'rdpscan --f'; Has = 'rdpscan --fail-on', 'rdpscan --file', 'rdpscan --filter', 'rdpscan --format' }
        @{
            Line = 'rdpscan open '
            Has = 'rdpscan open a.json', "rdpscan open 'b [1].json'", "rdpscan open 'it''s.json'", "rdpscan open 'it''s [here]'"
        }
        @{
            Line = 'rdpscan completions '; Has = 'bash', 'elvish', 'fish', 'powershell', 'zsh' | ForEach-Object { "rdpscan completions $_" }
        }
    ) {
        $Found = Expand-Line -Line $Line
        foreach ($One in $Has) { $Found | Should -Contain $One }
    }

    It 'asks the program that was typed: <_>' -ForEach './rdpscan', '& ./rdpscan', '& "./rdpscan"', '& ''../bin/rdpscan''' {
        Expand-Line -Line "$_ repo" -Path /nowhere | Should -Be "$_ report"
    }

    It 'leaves the exit status and the error preference of the caller' {
        $null = Expand-Line -Line 'rdpscan repo'
        $Shell.Commands.Clear()
        $Rows = $Shell.AddScript({
                $global:LASTEXITCODE = 7
                $ErrorActionPreference = 'Stop'
                (TabExpansion2 -inputScript 'rdpscan repo' -cursorColumn 12).CompletionMatches.CompletionText
                $LASTEXITCODE
                $ErrorActionPreference
            }).Invoke()
        $Rows | Should -Be 'report', 7, 'Stop'
    }
}
