# Facts to plans, without a host. mutants.ps1 removes each guard in turn and looks for rows here that notice.
BeforeDiscovery {
    $Seeds = 1..$(if ($env:PWSH_TEST_CASES) { [int]$env:PWSH_TEST_CASES } else { 60 })
    $Keys = 'R12', 'R3', 'R2', 'R4', 'R1', 'R5', 'R6', 'R8', 'R7', 'R9', 'R10', 'R11', 'R13', 'R14', 'R15', 'R20'
}
BeforeAll {
    Set-StrictMode -Version 2.0
    . "$PSScriptRoot/kit.ps1"
    foreach ($Part in $PlanParts) { . (Join-Path -Path $PartsFolder -ChildPath $Part) }
    . "$PSScriptRoot/rows.ps1"
}

Describe 'The plan of a host' {
    It 'has the step <_> as every row of it says' -ForEach $Keys {
        $Key = $_
        $Mine = @($Rows | Where-Object { $_.Remedy -eq $Key })
        $Wrong = foreach ($Row in $Mine) {
            $Step = Resolve-Plan -Changes $Row.Changes | Where-Object { $_.Remedy -eq $Row.Remedy }
            if (($Step.Status -ne $Row.Status) -or -not $Step.Detail.Contains($Row.Detail)) {
                "row $($Row.Number): $($Step.Status) $($Step.Detail), and not $($Row.Status) $($Row.Detail)"
            }
        }
        $Wrong | Should -BeNullOrEmpty
        $Mine.Count | Should -BeGreaterThan 2
    }

    It 'has its steps in one order, and none waits for itself' {
        $Order = @($Remedies.Keys)
        $Order -join ' ' | Should -Be 'R12 R3 R2 R4 R1 R5 R6 R8 R7 R9 R10 R11 R13 R14 R15 R20'
        foreach ($Key in $Order) {
            foreach ($Need in $Remedies[$Key].Waits) { $Order.IndexOf($Need) | Should -BeLessThan $Order.IndexOf($Key) }
        }
    }
}

Describe 'What a step says that it interrupts' {
    BeforeAll {
        function Find-Stops {
            param([hashtable] $Changes, [string] $Key)
            (Resolve-Plan -Changes $Changes | Where-Object { $_.Remedy -eq $Key }).Interrupts
        }
    }
    It 'is the sessions where a pin yields to a template, and nothing where a certificate is bound' {
        Find-Stops -Changes (Join-Hash $PinnedBad @{ 'Choice.Template' = 'RDP' }) -Key R4 | Should -Match 'sessions are disconnected'
        Find-Stops -Changes $PinnedBad -Key R4 | Should -BeNullOrEmpty
        foreach ($Key in 'R2', 'R3') { Find-Stops -Changes @{} -Key $Key | Should -Match 'sessions are disconnected' }
    }
    It 'is as on the pages: expired passwords for R6, tasks and logs for R12' {
        Find-Stops -Changes $Low -Key R6 | Should -Match 'password has expired'
        Find-Stops -Changes $Off -Key R12 | Should -Match 'scheduled tasks'
    }
}

Describe 'Any facts' {
    # Facts of some rows mixed at random; the seed of a failure is in its name.
    It 'no step acts where a fact that guards it is wrong or unknown (seed <_>)' -ForEach $Seeds {
        $Random = [System.Random]::new($_)
        $Changes = @{}
        foreach ($I in 1..$Random.Next(1, 6)) { $Changes = Join-Hash $Changes $Rows[$Random.Next($Rows.Count)].Changes }
        foreach ($Group in 'Clock', 'Services', 'Choice', 'Certificates', 'KeyFolder', 'Deployment', 'Trust', 'Firewall', 'Dns', 'Tls',
            'Served', 'Port') {
            if ($Random.Next(12) -eq 0) {
                foreach ($Key in @($Changes.Keys | Where-Object { $_ -like "$Group.*" })) { $Changes.Remove($Key) }
                $Changes[$Group] = @{ Unknown = 'access denied' }
            }
        }
        foreach ($Key in @($Changes.Keys)) {
            foreach ($Longer in @($Changes.Keys | Where-Object { $_ -like "$Key.*" -and ($Changes[$Key] -is [hashtable]) })) {
                $Changes.Remove($Longer)
            }
        }
        $Global:Facts = $null
        $Steps = @{}
        foreach ($Step in Resolve-Plan -Changes $Changes -KeepFacts) { $Steps[$Step.Remedy] = $Step }
        $Known = { param($Path) Find-Fact -Facts $Global:Facts -Path $Path }
        $Steps.Count | Should -Be 16
        $Acts = { param($Key) $Steps[$Key].Status -eq 'would be done' }
        $Settled = { param($Key) $Steps[$Key].Status -in 'in order', 'would be done' -or
            ($Steps[$Key].Status -eq 'left alone' -and -not $Steps[$Key].Wrong) }
        $Restarts = {
            param([string[]] $Names)
            foreach ($Name in $Names | Where-Object { (& $Known "Services.$_.State") -eq 'Running' }) {
                & $Known "Services.$Name.StartMode" | Should -Not -Be 'Disabled'
            }
        }
        if (& $Acts 'R12') {
            & $Known 'Identity.DomainController' | Should -Be $false
            [math]::Abs((& $Known 'Clock.Offset')) | Should -BeGreaterThan 5
        }
        foreach ($Key in 'R2', 'R3') { if (& $Acts $Key) { & $Restarts 'TermService', 'SessionEnv', 'UmRdpService' } }
        if (& $Acts 'R1') {
            & $Known 'Choice.By' | Should -Be 'own'
            [math]::Abs((& $Known 'Clock.Skew')) | Should -BeLessOrEqual 300
            & $Known 'Services.SessionEnv.StartMode' | Should -Not -Be 'Disabled'
            & $Restarts 'TermService', 'UmRdpService'
            foreach ($Need in 'R12', 'R3', 'R2') { & $Settled $Need | Should -BeTrue -Because $Need }
        }
        if (& $Acts 'R4') {
            & $Known 'Deployment.Member' | Should -Be $false
            foreach ($Need in 'R12', 'R2') { & $Settled $Need | Should -BeTrue -Because $Need }
        }
        if (& $Acts 'R6') {
            & $Known 'Deployment.Member' | Should -Be $false
            & $Known 'Trust.State' | Should -Be 'good'
            if (-not (& $Acts 'R1') -and -not (& $Acts 'R4')) { & $Known 'Served.State' | Should -BeIn 'works', 'off' }
            & $Settled 'R1' | Should -BeTrue
            $Steps['R5'].Status | Should -Be 'in order'
        }
        if (& $Acts 'R7') {
            @(& $Known 'Request.AdminNetwork').Count | Should -BeGreaterThan 0
            @(@(& $Known 'Firewall.Networks') | Where-Object { $_ -ne 'Public' }).Count | Should -BeGreaterThan 0
            & $Settled 'R8' | Should -BeTrue
        }
        if (& $Acts 'R8') {
            & $Known 'Services.TermService.StartMode' | Should -Not -BeNullOrEmpty
            if ((& $Known 'Services.TermService.State') -ne 'Running') {
                & $Known 'Services.TermService.StartMode' | Should -Not -Be 'Disabled'
            }
        }
        if (& $Acts 'R9') { & $Known 'Dns.Registers' | Should -Be $true }
        foreach ($Step in $Steps.Values) { if ($Remedies[$Step.Remedy]['Reads']) { $Step.Status | Should -Not -Be 'would be done' } }
    }
}

Describe 'A farm' {
    It 'is compared with what most members have' {
        $Members = foreach ($I in 1..3) {
            $Facts = New-GoodFacts
            $Facts.Request.Computer = "ts$I"
            $Facts.Request.Farm = 'farm.corp.example'
            if ($I -eq 2) { $Facts.Served.Thumbprint = 'ZZ' }
            ConvertFrom-Json -InputObject (ConvertTo-Json -InputObject $Facts -Depth 10)
        }
        $Differences = Compare-RdpFarm -All $Members
        @($Differences.Keys) | Should -Be 'ts2'
        $Differences['ts2'] | Should -Match '^Served.Thumbprint is ZZ, and AA11'
    }
}
