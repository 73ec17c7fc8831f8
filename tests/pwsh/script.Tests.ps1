# The script as PowerShell reads it: syntax of 5.1, help, and the habits of this code.
BeforeDiscovery { $Parts = Get-ChildItem -LiteralPath (Join-Path -Path $PSScriptRoot -ChildPath '../../src/fix/repair') -Filter *.ps1 }
BeforeAll {
    . "$PSScriptRoot/kit.ps1"
    $Errors = $null
    $Tokens = $null
    $Ast = [System.Management.Automation.Language.Parser]::ParseInput((Join-RepairScript), [ref]$Tokens, [ref]$Errors)
}

Describe 'The whole script' {
    It 'parses' { $Errors | Should -BeNullOrEmpty }
    It 'has no syntax that 5.1 lacks' {
        $Names = 'TernaryExpressionAst', 'PipelineChainAst'
        $Ast.FindAll({ param($Node) ($Names -contains $Node.GetType().Name) -or (($Node -is [System.Management.Automation.Language.MemberExpressionAst]) -and $Node.NullConditional) }, $true) | Should -BeNullOrEmpty
        $Tokens | Where-Object { @('QuestionQuestion', 'QuestionQuestionEquals', 'AndAnd', 'OrOr') -contains [string]$_.Kind } | Should -BeNullOrEmpty
    }
    It 'has no alias, no code from text and nothing compiled' {
        $Commands = @($Ast.FindAll({ param($Node) $Node -is [System.Management.Automation.Language.CommandAst] }, $true) | ForEach-Object { $_.GetCommandName() } | Where-Object { $_ } | Select-Object -Unique)
        $Commands | Where-Object { Get-Alias -Name $_ -ErrorAction SilentlyContinue } | Should -BeNullOrEmpty
        $Commands | Where-Object { @('Invoke-Expression', 'Add-Type') -contains $_ } | Should -BeNullOrEmpty
    }
    It 'has help for every parameter, an example for each, outputs and exit statuses' {
        $Help = $Ast.GetHelpContent()
        $Parameters = @($Ast.ParamBlock.Parameters | ForEach-Object { $_.Name.VariablePath.UserPath })
        foreach ($Name in $Parameters) {
            $Help.Parameters[$Name.ToUpperInvariant()] | Should -Not -BeNullOrEmpty -Because $Name
            ($Help.Examples -join "`n").Contains($(if ($Name -eq 'ComputerName') { '-ComputerName' } else { "-$Name" })) | Should -BeTrue -Because "an example of -$Name"
        }
        $Help.Outputs | Should -Not -BeNullOrEmpty
        $Help.Description | Should -Match 'Exit status'
    }
    It 'declares every dependence of its plan' {
        $Defined = @($Ast.FindAll({ param($Node) $Node -is [System.Management.Automation.Language.FunctionDefinitionAst] }, $true) | ForEach-Object { $_.Name -replace '^global:', '' })
        $Called = @($Ast.FindAll({ param($Node) $Node -is [System.Management.Automation.Language.CommandAst] }, $true) | ForEach-Object { $_.GetCommandName() } | Where-Object { $_ -match '-(Rdp|Fact|Undo|Run)' -and $_ -notmatch '^Receive|^Get-Process' } | Select-Object -Unique)
        $Called | Where-Object { $Defined -notcontains $_ } | Should -BeNullOrEmpty
    }
}

Describe 'The part <_.Name>' -ForEach $Parts {
    It 'is plain text: ASCII, no tabs, no trailing blanks' {
        $Text = [System.IO.File]::ReadAllText($_.FullName)
        $Text | Should -Not -Match '[^\x00-\x7F]'
        $Text | Should -Not -Match "\t|[ ]+(\n|$)|\r"
    }
}
