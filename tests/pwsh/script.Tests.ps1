# How PowerShell is written here: the parser is asked for what Windows PowerShell 5.1 lacks and for what nobody should write.
BeforeDiscovery {
    $Parts = Get-ChildItem -LiteralPath (Join-Path -Path $PSScriptRoot -ChildPath '../../src/fix/repair') -Filter *.ps1
    $Tests = Get-ChildItem -LiteralPath $PSScriptRoot -Filter *.ps1
    $Shells = Get-ChildItem -LiteralPath (Join-Path -Path $PSScriptRoot -ChildPath '../../src/cli/complete/shells') -Filter *.ps1
}
BeforeAll {
    . "$PSScriptRoot/kit.ps1"
    function Find-Ast {
        param($Ast, [string] $Name, [scriptblock] $That = { $true })
        @($Ast.FindAll({ param($Node) ($Node.GetType().Name -eq $Name) -and (& $That $Node) }, $true))
    }
    function Read-Ast { param([string] $Text) [System.Management.Automation.Language.Parser]::ParseInput($Text, [ref]$null, [ref]$null) }
    # What 5.1 does not parse, in a text.
    function Find-Newer {
        param([string] $Text)
        $Tokens = $Errors = $null
        $Ast = [System.Management.Automation.Language.Parser]::ParseInput($Text, [ref]$Tokens, [ref]$Errors)
        foreach ($Name in 'TernaryExpressionAst', 'PipelineChainAst') { if (Find-Ast -Ast $Ast -Name $Name) { $Name } }
        if ($Ast.FindAll({ param($Node) ($Node -is [System.Management.Automation.Language.MemberExpressionAst]) -and
            $Node.NullConditional }, $true)) {
            '?.'
        }
        if ($Ast.FindAll({ param($Node) ($Node -is [System.Management.Automation.Language.IndexExpressionAst]) -and
            $Node.NullConditional }, $true)) {
            '?[]'
        }
        if (Find-Ast -Ast $Ast -Name PipelineAst -That { param($Node) $Node.Background }) { '&' }
        $Tokens | Where-Object { @('QuestionQuestion', 'QuestionQuestionEquals', 'AndAnd', 'OrOr', 'Clean') -contains [string]$_.Kind } |
            ForEach-Object { [string]$_.Kind }
        foreach ($Call in Find-Ast -Ast $Ast -Name CommandAst) {
            $Words = @($Call.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] } |
                ForEach-Object { $_.ParameterName })
            $Newer = switch ($Call.GetCommandName()) {
                'ForEach-Object' { 'Parallel', 'ThrottleLimit', 'AsJob' }
                'ConvertTo-Json' { 'AsArray', 'EnumsAsStrings', 'EscapeHandling' }
                'ConvertFrom-Json' { 'AsHashtable', 'Depth', 'NoEnumerate', 'DateKind' }
                'Join-Path' { 'AdditionalChildPath' }
                'Split-Path' { 'LeafBase', 'Extension' }
                'ConvertTo-Csv' { 'QuoteFields', 'UseQuotes' }
                'Import-Csv' { 'IncludeTypeInformation' }
                'New-PSSession' { 'HostName', 'KeyFilePath' }
                { @('Join-String', 'Get-Error', 'Test-Json', 'Get-Uptime', 'Remove-Service') -contains $_ } { '*' }
            }
            foreach ($Word in $Newer) { if (($Word -eq '*') -or ($Words -contains $Word)) { "$($Call.GetCommandName()) -$Word" } }
        }
        foreach ($Call in Find-Ast -Ast $Ast -Name BinaryExpressionAst -That { param($Node) ([string]$Node.Operator -eq 'Join') -and
            -not $Node.Left }) {
            [string]$Call
        }
    }
    # What hosts with PowerShell 3.0 lack, in a text that runs on them.
    function Find-NewerThan3 {
        param([string] $Text)
        $Ast = Read-Ast -Text $Text
        foreach ($Call in Find-Ast -Ast $Ast -Name CommandAst) {
            $Words = @($Call.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] } |
                ForEach-Object { $_.ParameterName })
            $Newer = 'PipelineVariable', 'InformationAction', 'InformationVariable'
            $Newer += switch ($Call.GetCommandName()) {
                'Stop-Service' { 'NoWait' }
                'Get-ChildItem' { 'Depth' }
                { @('Set-Content', 'Add-Content', 'Out-File') -contains $_ } { 'NoNewline' }
                { @('Get-FileHash', 'New-TemporaryFile', 'Write-Information', 'Get-ComputerInfo', 'Expand-Archive') -contains $_ } { '*' }
            }
            foreach ($Word in $Newer) { if (($Word -eq '*') -or ($Words -contains $Word)) { "$($Call.GetCommandName()) -$Word" } }
        }
        foreach ($Name in 'TypeDefinitionAst', 'UsingStatementAst') { if (Find-Ast -Ast $Ast -Name $Name) { $Name } }
        foreach ($Call in Find-Ast -Ast $Ast -Name InvokeMemberExpressionAst) {
            $Name = [string]$Call.Member
            if (($Call.Static -and ($Name -eq 'new')) -or (@('Where', 'ForEach') -contains $Name)) { [string]$Call }
        }
    }
    # Commands with words that are given by their place alone. A few, which take one thing and nothing else, may.
    function Find-Positional {
        param($Ast)
        $Free = 'Where-Object', 'ForEach-Object', 'Write-Talk', 'Write-RunLog', 'ConvertTo-Utc', 'Format-Utc', 'Format-Time',
            'Format-Account', 'Read-Fact', 'Find-RdpItem'
        foreach ($Call in Find-Ast -Ast $Ast -Name CommandAst -That { param($Node) $Node.InvocationOperator -eq 'Unknown' }) {
            if ($Free -contains $Call.GetCommandName()) { continue }
            $Expected = $false
            foreach ($Word in @($Call.CommandElements | Select-Object -Skip 1)) {
                if ($Word -is [System.Management.Automation.Language.CommandParameterAst]) { $Expected = -not $Word.Argument }
                elseif ($Expected -or (($Word -is [System.Management.Automation.Language.VariableExpressionAst]) -and $Word.Splatted)) {
                    $Expected = $false
                }
                else { [string]$Call; break }
            }
        }
    }
    # Variables that a function sets and nothing in it reads; those of the script are shared by its functions.
    function Find-Unused {
        param($Ast)
        foreach ($Function in Find-Ast -Ast $Ast -Name FunctionDefinitionAst) {
            $All = @(Find-Ast -Ast $Function.Body -Name VariableExpressionAst)
            foreach ($Group in $All | Group-Object -Property { $_.VariablePath.UserPath }) {
                if ($Group.Name -match ':|^(null|true|false|_|ErrorActionPreference|RdpTouched)$') { continue }
                $Read = @($Group.Group | Where-Object {
                        -not (($_.Parent -is [System.Management.Automation.Language.AssignmentStatementAst]) -and
                            ($_.Parent.Left -eq $_)) -and
                        $_.Parent -isnot [System.Management.Automation.Language.ParameterAst]
                    })
                # Every remedy is called alike, whether it looks at the steps before it or not; Asker is read by what is called.
                if (-not $Read -and ($Group.Name -notmatch '^(Steps|Facts|Asker)$')) { "$($Function.Name): `$$($Group.Name)" }
            }
        }
    }
    $Whole = Join-RepairScript
    $Errors = $Tokens = $null
    $Ast = [System.Management.Automation.Language.Parser]::ParseInput($Whole, [ref]$Tokens, [ref]$Errors)
}

Describe 'The checks themselves' {
    It 'find <_>' -ForEach '$a ? 1 : 2', '$a ?? 1', '$a ??= 1', '${a}?.b', '${a}?[0]', 'a && b', 'a || b', 'a &',
        '1 | ForEach-Object -Parallel { 1 }', '1 | Join-String', 'ConvertFrom-Json -AsHashtable' {
        Find-Newer -Text $_ | Should -Not -BeNullOrEmpty
    }
    It 'find what PowerShell 3.0 lacks: <_>' -ForEach 'Stop-Service -Name a -NoWait', '[guid]::new()', '@(1).Where({ 1 })', 'enum A { B }' {
        Find-NewerThan3 -Text $_ | Should -Not -BeNullOrEmpty
    }
    It 'find words by their place, and variables that nothing reads' {
        $Bad = Read-Ast -Text 'function Get-It { param($Left) Join-Path $Left a; $Idle = 1 }'
        Find-Positional -Ast $Bad | Should -Be 'Join-Path $Left a'
        Find-Unused -Ast $Bad | Should -Be 'Get-It: $Idle'
        $Good = Read-Ast -Text 'function Get-It { param($Left) Join-Path -Path $Left -ChildPath:a }'
        Find-Positional -Ast $Good | Should -BeNullOrEmpty
        Find-Unused -Ast $Good | Should -BeNullOrEmpty
    }
}

Describe 'The whole script' {
    It 'holds every part' {
        foreach ($Part in Get-ChildItem -LiteralPath $PartsFolder -Filter *.ps1) {
            $Whole.Contains([System.IO.File]::ReadAllText($Part.FullName)) | Should -BeTrue -Because $Part.Name
        }
    }
    It 'parses' { $Errors | Should -BeNullOrEmpty }
    It 'has no syntax and no parameter that 5.1 lacks' { Find-Newer -Text $Whole | Should -BeNullOrEmpty }
    It 'runs nothing on hosts that PowerShell 3.0 lacks, which they may have' {
        foreach ($Part in 'host.ps1', 'facts.ps1', 'change.ps1', 'session.ps1') {
            $Text = [System.IO.File]::ReadAllText((Join-Path -Path $PartsFolder -ChildPath $Part))
            Find-NewerThan3 -Text $Text | Should -BeNullOrEmpty -Because $Part
        }
    }
    It 'has no alias, no code from text and nothing compiled' {
        $Commands = @(Find-Ast -Ast $Ast -Name CommandAst | ForEach-Object { $_.GetCommandName() } | Where-Object { $_ } |
            Select-Object -Unique)
        $Commands | Where-Object { Get-Alias -Name $_ -ErrorAction SilentlyContinue } | Should -BeNullOrEmpty
        # Aliases of Windows PowerShell that PowerShell 7 does not have here.
        $Commands | Where-Object {
            @('cat', 'cp', 'curl', 'diff', 'ls', 'man', 'mv', 'rm', 'sc', 'sleep', 'sort', 'tee', 'wget', 'select', 'kill',
                'ps') -contains $_
        } |
            Should -BeNullOrEmpty
        $Commands | Where-Object { @('Invoke-Expression', 'Add-Type') -contains $_ } | Should -BeNullOrEmpty
        Find-Ast -Ast $Ast -Name InvokeMemberExpressionAst -That { param($Node) [string]$Node -match 'ScriptBlock\]::Create' } |
            Should -BeNullOrEmpty
    }
    It 'names every argument' { Find-Positional -Ast $Ast | Should -BeNullOrEmpty }
    It 'has no variable that is set and not read' { Find-Unused -Ast $Ast | Should -BeNullOrEmpty }
    It 'has no parameter and no function that nothing uses' {
        $Functions = @(Find-Ast -Ast $Ast -Name FunctionDefinitionAst | ForEach-Object { $_.Name -replace '^global:', '' })
        $Functions |
            Where-Object { ($_ -notlike 'Measure-R*') -and
                ([regex]::Matches($Whole, "(?<![\w-])$([regex]::Escape($_))(?![\w-])").Count -lt 2) } | Should -BeNullOrEmpty
        $Called = @(Find-Ast -Ast $Ast -Name CommandAst | ForEach-Object { $_.GetCommandName() } |
            Where-Object { $_ -match '-(Rdp|Fact|Undo|Run)' -and $_ -notmatch '^Receive|^Get-Process' } | Select-Object -Unique)
        $Called | Where-Object { $Functions -notcontains $_ } | Should -BeNullOrEmpty
    }
    It 'has help for every parameter, an example for each, outputs and exit statuses' {
        $Help = $Ast.GetHelpContent()
        foreach ($Name in @($Ast.ParamBlock.Parameters | ForEach-Object { $_.Name.VariablePath.UserPath })) {
            $Help.Parameters[$Name.ToUpperInvariant()] | Should -Not -BeNullOrEmpty -Because $Name
            ($Help.Examples -join "`n").Contains("-$Name") | Should -BeTrue -Because "an example of -$Name"
        }
        foreach ($Part in 'Synopsis', 'Inputs', 'Outputs') { $Help.$Part | Should -Not -BeNullOrEmpty -Because $Part }
        $Help.Description | Should -Match 'Exit status'
    }
    It 'takes one thing by its place, and does not mix repair and undo' {
        $Path = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "$([guid]::NewGuid()).ps1"
        [System.IO.File]::WriteAllText($Path, $Whole)
        try {
            { & $Path bk01 R3 } | Should -Throw '*positional parameter*'
            { & $Path -UndoPath undo.json -Remedy R3 } | Should -Throw '*Parameter set*'
            { & $Path -Remedy R99 } | Should -Throw '*R99*'
        }
        finally { Remove-Item -LiteralPath $Path }
    }
    It 'is shown by Get-Help, with its examples' {
        $Path = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath "$([guid]::NewGuid()).ps1"
        [System.IO.File]::WriteAllText($Path, $Whole)
        try {
            $Text = Get-Help -Name $Path -Full | Out-String -Width 200
            $Text | Should -Match 'Finds out why hosts refuse Remote Desktop'
            $Text | Should -Match 'Puts back what a run changed'
        }
        finally { Remove-Item -LiteralPath $Path }
    }
}

Describe 'The file <_.Name>' -ForEach ($Parts + $Tests + $Shells) {
    It 'is plain text: ASCII, 140 columns, no tabs, no trailing blanks, in steps of four' {
        $Text = [System.IO.File]::ReadAllText($_.FullName)
        $Text | Should -Not -Match '[^\x00-\x7F]'
        $Text | Should -Not -Match "\t|[ ]+(\n|$)|\r"
        $Lines = $Text -split "`n"
        # Tables have one row on a line: of remedies, which rdpscan reads, and of the states and facts that are tested.
        $Table = if (@('rows.ps1', 'states.ps1', 'mixed.ps1', 'kit.ps1') -contains $_.Name -and $_.FullName -notlike '*repair*') { '.' }
        else { '^    R[0-9]+ += @\{ Title' }
        $Lines | Where-Object { ($_.Length -gt 140) -and ($_ -notmatch $Table) } | Should -BeNullOrEmpty
        $Help = $false
        $Lines | Where-Object { if ($_ -match '^<#') { $Help = $true } elseif ($_ -match '^#>') { $Help = $false }; -not $Help -and
            ($_ -match '^ +') -and ($Matches[0].Length % 4) } |
            Should -BeNullOrEmpty
    }
}
