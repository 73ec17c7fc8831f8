# Whole runs over every state of states.ps1: shown, done, undone, and undone twice. PWSH_TEST_TABLE names a file for the table.
BeforeDiscovery {
    . "$PSScriptRoot/states.ps1"
    $Cases = @($States.Keys | ForEach-Object { @{ Name = $_; State = $States[$_] } })
}
BeforeAll {
    . "$PSScriptRoot/fleet.ps1"
    . "$PSScriptRoot/states.ps1"
    $Hosts = [ordered]@{}
    $Faults = @{}
    foreach ($Name in $States.Keys) { $Hosts[$Name] = $States[$Name].Remedies; $Faults[$Name] = $States[$Name].Fault }
    $Fleet = New-Fleet -Hosts $Hosts -Faults $Faults
    . "$PSScriptRoot/windows/session.ps1" -Root $Fleet.Root -Keep
    $More = @{ AdminNetwork = '10.0.9.0/24'; TimeoutSeconds = 3 }
    $Before = @{}
    $Counted = @{}
    foreach ($Name in $States.Keys) {
        $Before[$Name] = Format-State -Fleet $Fleet -Name $Name
        $Counted[$Name] = Measure-Certificates -Fleet $Fleet -Name $Name
    }
    $Shown = Invoke-Repair -Fleet $Fleet -With $More
    $Early = @{}
    foreach ($Name in $States.Keys) { $Early[$Name] = Find-Writes -Fleet $Fleet -Name $Name }
    $Done = Invoke-Repair -Fleet $Fleet -With ($More + @{ Apply = $true; Confirm = $false })
    $Writes = @{}
    foreach ($Name in $States.Keys) {
        $Writes[$Name] = Find-Writes -Fleet $Fleet -Name $Name
        $Counted["$Name later"] = Measure-Certificates -Fleet $Fleet -Name $Name
    }
    $Record = (Get-ChildItem -LiteralPath "$($Fleet.Fix)/runs" -Recurse -Filter undo.json).FullName
    $Recorded = (Get-Content -Raw -LiteralPath $Record | ConvertFrom-Json).record.Hosts
    $Undo = @{ UndoPath = $Record; TimeoutSeconds = 3; Apply = $true; Confirm = $false }
    $Undone = Invoke-Repair -Fleet $Fleet -With $Undo
    $Late = @{}
    $After = @{}
    foreach ($Name in $States.Keys) {
        $After[$Name] = Format-State -Fleet $Fleet -Name $Name
        $Late[$Name] = (Find-Writes -Fleet $Fleet -Name $Name).Count
    }
    $Twice = Invoke-Repair -Fleet $Fleet -With $Undo
    if ($env:PWSH_TEST_TABLE) {
        $Table = foreach ($Name in $States.Keys) {
            $Words = { param($Run) @($Run.Rows | Where-Object { $_.Computer -eq "$Name.corp.example" } |
                ForEach-Object { "$($_.Remedy) $($_.Status)" }) -join ', ' }
            "$Name | $(& $Words $Shown) | $(& $Words $Done) | $($Writes[$Name].Count) | $(& $Words $Undone)"
        }
        Set-Content -LiteralPath $env:PWSH_TEST_TABLE -Value $Table
    }
}
AfterAll { Remove-Item -LiteralPath $Fleet.Root -Recurse -Force }

Describe 'The state <Name>' -ForEach $Cases {
    It 'is shown without a change' {
        foreach ($Key in $State.Shown.Keys) { Find-Status -Run $Shown -Name $Name -Key $Key | Should -Be $State.Shown[$Key] -Because $Key }
        $Early[$Name] | Should -BeNullOrEmpty
        $Keys = @($Shown.Rows | Where-Object { $_.Computer -eq "$Name.corp.example" } | ForEach-Object { $_.Remedy })
        $Keys | Where-Object { -not $State.Shown.ContainsKey($_) } | Should -BeNullOrEmpty
    }
    It 'is acted on, and checked' {
        $Wanted = $State.Shown.Clone()
        foreach ($Key in $State.Done.Keys) { $Wanted[$Key] = $State.Done[$Key] }
        foreach ($Key in $Wanted.Keys) {
            $Row = Find-Row -Run $Done -Name $Name -Key $Key
            $Row.Status | Should -Be $Wanted[$Key] -Because "$Key $($Row.Detail)"
        }
        # What did not work out was put back, as the state shows below.
        if (@('no-tls-broken', 'bind-refuses') -contains $Name) { $Writes[$Name].Count | Should -BeIn 2, 3 }
        elseif (-not @($Wanted.Values | Where-Object { @('done', 'partly done') -contains $_ })) { $Writes[$Name] | Should -BeNullOrEmpty }
    }
    It 'has no fewer certificates, and TermService if it had it' {
        $Counted["$Name later"] | Should -BeGreaterOrEqual $Counted[$Name]
        if ($Before[$Name] -contains 'TermService Running') {
            (Find-Writes -Fleet $Fleet -Name $Name) -join ' ' | Should -Not -Match 'stopped TermService(?!.*started TermService)'
        }
    }
    It 'is as before after undo, and undo twice changes nothing' {
        $Entries = @($Recorded | Where-Object { $_.Computer -eq "$Name.corp.example" } | ForEach-Object { $_.Entries })
        $Back = @($Entries | Where-Object { -not $_.NoWayBack })
        $Undone.Rows |
            Where-Object { ($_.Computer -eq "$Name.corp.example") -and
                (@('failed', 'blocked', 'unknown') -contains $_.Status) } | Should -BeNullOrEmpty
        # A service that hangs stays so, and rights that nobody had looked at are none that changed.
        if (($Back -or -not $Entries) -and -not ($After[$Name] -match 'Pending')) {
            Compare-Object -ReferenceObject $Before[$Name] -DifferenceObject $After[$Name] |
                Where-Object { ($_.SideIndicator -eq '<=') -or ($_.InputObject -notlike '*Crypto*') } | Should -BeNullOrEmpty
        }
        (Find-Writes -Fleet $Fleet -Name $Name).Count | Should -Be $Late[$Name]
    }
}
