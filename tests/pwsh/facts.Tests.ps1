# The reading of facts itself, here and without a host: what cannot be read is unknown, and lets no step through.
BeforeAll {
    . "$PSScriptRoot/kit.ps1"
    foreach ($Part in $PlanParts + 'host.ps1', 'facts.ps1') { . (Join-Path -Path $PartsFolder -ChildPath $Part) }
    $Folder, $env:ProgramData = $env:ProgramData, [System.IO.Path]::GetTempPath()
    . $HostFunctions
    # Answers of CIM by class; a class that is not there cannot be read.
    function global:Get-CimInstance {
        [CmdletBinding()] param([string] $ClassName, [string] $Namespace, [string] $Filter)
        if (-not $global:Answers.ContainsKey($ClassName)) { throw 'access denied' }
        $global:Answers[$ClassName]
    }
    # TCP to its own port is no part of this.
    function global:Test-RdpListener { param([int] $Port, [string] $Address) @{ State = 'down' } }
    function Read-Here {
        param([hashtable] $Answers)
        $global:Answers = $Answers
        # Windows' drives and programs are not here: what needs them is unknown, which is what these tests are about.
        ConvertFrom-Json -InputObject (& $FactsReader -SentUtc '2026-12-01T00:00:00Z' 2>$null)
    }
    $System = [pscustomobject]@{ ProductType = 3; BuildNumber = '20348'; Caption = 'Windows Server 2022' }
}
AfterAll {
    $env:ProgramData = $Folder
    Remove-Item -Path function:global:Get-CimInstance, function:global:Test-RdpListener, variable:global:Answers
}

Describe 'Facts that cannot be read' {
    It 'the trust is good in a workgroup' {
        $Machine = [pscustomobject]@{ Domain = 'WORKGROUP'; PartOfDomain = $false }
        (Read-Here -Answers @{ Win32_OperatingSystem = $System; Win32_ComputerSystem = $Machine }).Trust.State | Should -Be 'good'
    }
    It 'the trust is unknown where nothing says whether there is a domain' {
        $Facts = Read-Here -Answers @{ Win32_OperatingSystem = $System }
        Find-Unknown -Facts $Facts -Group Trust | Should -Match 'access denied'
        Find-Fact -Facts $Facts -Path Trust.State | Should -BeNullOrEmpty
    }
    It 'the trust is unknown where the answer is empty' {
        Find-Unknown -Facts (Read-Here -Answers @{ Win32_ComputerSystem = $null }) -Group Trust | Should -Match 'cannot be read'
    }
    It 'the certificates are unknown where their store is, and not none' {
        Find-Unknown -Facts (Read-Here -Answers @{ Win32_OperatingSystem = $System }) -Group Certificates | Should -Not -BeNullOrEmpty
    }
    It 'a deployment is unknown where the services are, which show a connection broker' {
        Find-Fact -Facts (Read-Here -Answers @{ Win32_OperatingSystem = $System }) -Path Deployment.Member | Should -BeNullOrEmpty
    }
    Context 'in the registry' {
        BeforeAll {
            # Keys are absent, but for those that may not be read.
            function global:Get-Item {
                [CmdletBinding()] param([string] $LiteralPath)
                $Why = if ($LiteralPath -match $global:Unreadable) { 'PermissionDenied' } else { 'ObjectNotFound' }
                Write-Error -Message 'There is no such key, or no access to it.' -Category $Why
            }
            function Read-Without {
                param([string] $Keys)
                $global:Unreadable = $Keys
                $Facts = Read-Here -Answers @{ Win32_OperatingSystem = $System; Win32_ComputerSystem = $null }
                $Facts.Certificates = ConvertFrom-Json -InputObject '{ "Items": [] }'
                $Facts
            }
        }
        AfterAll { Remove-Item -Path function:global:Get-Item, variable:global:Unreadable }
        It 'a value of a key that is absent is known' {
            $Facts = Read-Without -Keys '^none$'
            Find-Fact -Facts $Facts -Path Settings.SSLCertificateSHA1Hash.Exists | Should -Be $false
            Find-Fact -Facts $Facts -Path Choice.By | Should -Be 'own'
        }
        It 'a key that may not be read is not absent: <Keys>' -ForEach @(
            @{ Keys = 'RDP-Tcp$'; Paths = 'Settings.SSLCertificateSHA1Hash', 'Settings.SecurityLayer', 'Choice.By', 'Port.Number' }
            @{ Keys = 'WinStations$'; Paths = 'Settings.SelfSignedCertStore', 'Choice.By' }
            @{ Keys = 'Policies.*Terminal Services$'; Paths = 'Settings.SecurityLayer', 'Settings.fDenyTSConnections', 'Choice.By' }
            @{ Keys = 'ProfileList$'; Paths = , 'Settings.ProgramData' }
            @{ Keys = 'SCHANNEL'; Paths = , 'Tls.Tls12' }
        ) {
            $Facts = Read-Without -Keys $Keys
            foreach ($Path in $Paths) { Find-Fact -Facts $Facts -Path $Path | Should -BeNullOrEmpty -Because $Path }
        }
        It 'no step acts on the keys of the listener where none of them may be read' {
            $Facts = Read-Without -Keys '.'
            $Facts | Add-Member -NotePropertyName Request -NotePropertyValue ((New-GoodFacts).Request)
            $Steps = Get-RdpPlan -Facts $Facts
            $Steps | Where-Object { $_.Status -eq 'would be done' } | Should -BeNullOrEmpty
            foreach ($Step in $Steps | Where-Object { @('R3', 'R4', 'R1', 'R6', 'R8') -contains $_.Remedy }) {
                $Step.Status | Should -Be 'unknown' -Because $Step.Remedy
            }
        }
    }
    It 'the clock is unknown, with the times of reading beside it' {
        $Facts = Read-Here -Answers @{}
        Find-Unknown -Facts $Facts -Group Clock | Should -Not -BeNullOrEmpty
        Find-Fact -Facts $Facts -Path Clock.Ended | Should -Not -BeNullOrEmpty
    }
}
