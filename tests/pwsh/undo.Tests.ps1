# The decisions of undo, without a host: what it says that it interrupts, what it takes for the work of a run, and what it puts back.
BeforeAll {
    Set-StrictMode -Version 2.0
    . "$PSScriptRoot/kit.ps1"
    foreach ($Part in $PlanParts + 'step.ps1', 'record.ps1', 'undo.ps1') { . (Join-Path -Path $PartsFolder -ChildPath $Part) }
    # As read from the file of a record.
    function ConvertTo-Entry { param([hashtable] $Entry) ConvertFrom-Json -InputObject (ConvertTo-Json -InputObject $Entry -Depth 10) }
}

Describe 'The question of undo' {
    BeforeAll {
        # One host is undone in which every entry is still as the run left it; hosts, sessions and answers are stubs.
        function Read-Question {
            param([string] $Key, [hashtable] $Entry)
            $Apply = $true
            $TimeoutSeconds = 1
            $Run = @{ Step = $null }
            $Asked = @{ Text = '' }
            $None = @{ Remedy = $Key; Name = $null; Path = $null; Service = $null; Before = $null }
            $Work = ConvertTo-Entry -Entry (Join-Hash $None $Entry)
            function Open-RdpHost { @{ Session = [pscustomobject]@{ ComputerName = 'bk01' }; Status = ''; Detail = '' } }
            function Read-HostFacts { @{ Facts = [pscustomobject]@{ Services = $null }; Why = '' } }
            function Find-OtherMachine { }
            function Find-UndoWork { @{ Work = @($Work); Texts = @(); Kept = 0; Refused = $false } }
            function Confirm-Step { param($What, $Question) $Asked.Text = $Question; 'not confirmed' }
            function Write-Result { }
            function Close-RdpHost { }
            Undo-OneHost -Recorded ([pscustomobject]@{ Computer = 'bk01'; Address = ''; Port = 3389; Name = 'BK01'; Entries = @($Work) })
            $Asked.Text
        }
    }
    It 'says of <Key> <Says>' -ForEach @(
        @{ Key = 'R2'; Entry = @{ Kind = 'security'; Path = 'C:/key' }; Says = 'Interrupts: sessions are disconnected and keep running.' }
        @{ Key = 'R3'; Entry = @{ Kind = 'registry'; Name = 'x' }; Says = 'Interrupts: sessions are disconnected and keep running.' }
        @{ Key = 'R4'; Entry = @{ Kind = 'bind'; Name = 'x' }; Says = 'Interrupts: sessions are disconnected and keep running.' }
        @{ Key = 'R5'; Entry = @{ Kind = 'registry'; Name = 'x' }; Says = 'the settings take effect when the machine restarts.' }
        @{ Key = 'R6'; Entry = @{ Kind = 'registry'; Name = 'SecurityLayer' }; Says = 'Interrupts nothing.' }
        @{ Key = 'R7'; Entry = @{ Kind = 'firewall'; Name = 'x' }; Says = 'connections that only these rules let in are cut off.' }
        @{ Key = 'R8'; Entry = @{ Kind = 'start' }; Says = 'Interrupts: Remote Desktop stops, and sessions are disconnected.' }
        @{ Key = 'R8'; Entry = @{ Kind = 'registry'; Name = 'fDenyTSConnections' }; Says = 'is off again, so nobody connects.' }
    ) {
        (Read-Question -Key $Key -Entry $Entry).EndsWith($Says) | Should -BeTrue
    }
}

Describe 'A step that waits for one that was not confirmed' {
    It 'is blocked, and asks nothing' {
        . (Join-Path -Path $PartsFolder -ChildPath 'read.ps1')
        $Remedy = @()
        $Asked = [System.Collections.Generic.List[string]]::new()
        $Told = [System.Collections.Generic.List[string]]::new()
        function Confirm-Step { param($What, $Question) $Asked.Add("$What. $Question"); 'not confirmed' }
        function Write-Result { param($Row, $Identity, $Remedy, $Status, $Detail) $Told.Add("${Remedy}: $Status $Detail") }
        function Close-RdpHost { }
        $Row = [pscustomobject]@{ Computer = 'bk01' }
        $null = Resolve-Plan -KeepFacts -Changes @{
            'Certificates.Items.0.NotAfter' = '2026-11-01T00:00:00Z'; 'KeyFolder.Lacks' = @('S-1-1-0')
        }
        $Run = @{ Facts = @{ bk01 = $Global:Facts }; Identity = @{ bk01 = 'compared: BK01' }; Step = $null }
        Repair-OneHost -Row $Row
        $Asked.Count | Should -Be 1
        $Asked[0] | Should -Match '^bk01 \(compared: BK01\), R2: .*may not add keys.* Interrupts: sessions are disconnected'
        $Told[0] | Should -Be 'R2: left alone not confirmed'
        $Told[1] | Should -Match '^R1: blocked .*R2 comes first'
    }
}

Describe 'The record' {
    It 'that does not read back as it was written is none' {
        # A link to a place that keeps nothing.
        $Folder = New-Item -ItemType Directory -Path (Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath ([guid]::NewGuid()))
        try {
            $null = New-Item -ItemType SymbolicLink -Path "$Folder/undo.json.new" -Target /dev/null
            { Write-UndoRecord -Record @{ Hosts = @() } -Path "$Folder/undo.json" } | Should -Throw '*does not hold what was written*'
            Test-Path -LiteralPath "$Folder/undo.json" | Should -BeFalse
        }
        finally { Remove-Item -LiteralPath $Folder -Recurse -Force }
    }
    It 'is of another machine where <What>' -ForEach @(
        @{ What = 'the name differs'; Full = 'bk02.corp.example'; Guid = 'g1'; Installed = ''; Status = 'blocked' }
        @{ What = 'the GUID differs'; Full = 'bk01.corp.example'; Guid = 'g2'; Installed = ''; Status = 'blocked' }
        @{ What = 'neither GUID nor installation is known'; Full = 'bk01.corp.example'; Guid = $null; Installed = ''; Status = 'blocked' }
        @{ What = 'it has no name'; Full = ''; Guid = 'g1'; Installed = ''; Status = 'blocked' }
    ) {
        $Recorded = [pscustomobject]@{
            FullName = $(if ($Full) { 'bk01.corp.example' } else { '' }); MachineGuid = $(if ($Guid) { 'g1' }); Installed = $null
        }
        $Identity = [pscustomobject]@{ FullName = $Full; MachineGuid = $Guid; Installed = $Installed }
        $Read = @{ Facts = [pscustomobject]@{ Identity = $Identity } }
        (Find-OtherMachine -Recorded $Recorded -Read $Read).Status | Should -Be $Status
    }
    It 'is not compared with a machine that cannot be read' {
        $Read = @{ Facts = [pscustomobject]@{ Identity = [pscustomobject]@{ Unknown = 'denied' } } }
        (Find-OtherMachine -Recorded $null -Read $Read).Status | Should -Be 'unknown'
        (Find-OtherMachine -Recorded $null -Read @{ Facts = $null; Why = 'no facts' }).Status | Should -Be 'unknown'
    }
}

Describe 'Rights to put back' {
    BeforeAll {
        function Find-RightFault {
            param([string] $Before, [string] $Now)
            $Entry = ConvertTo-Entry -Entry @{
                Kind = 'security'; Path = 'C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys'
                Before = @{ Owner = 'S-1-5-18'; Sddl = $Before }
            }
            @(Find-EntryFault -Entry $Entry -Now ([pscustomobject]@{ Owner = 'S-1-5-18'; Sddl = $Now }))
        }
    }
    It 'may be those that a grant was merged with: <Before>' -ForEach @(
        @{ Before = '(A;;0x1200a9;;;WD)'; Now = '(A;;0x1201bf;;;WD)' }
        @{ Before = '(A;;0x1200a9;;;WD)'; Now = '(A;;0x12019f;;;WD)' }
        @{ Before = '(A;;FR;;;WD)'; Now = '(A;;FRFW;;;WD)' }
        @{ Before = '(A;;0x12019f;;;WD)'; Now = '(A;;FR;;;WD)(A;;FW;;;WD)' }
        @{ Before = '(A;;CCLC;;;BU)'; Now = '(A;;FA;;;BU)' }
    ) { Find-RightFault -Before "D:P(A;;FA;;;SY)$Before" -Now "D:P(A;;FA;;;SY)$Now" | Should -BeNullOrEmpty }
    It 'of the firewall are those of the rules for Remote Desktop alone, and off' -ForEach @(
        @{ Name = 'RemoteDesktop-UserMode-In-TCP'; Enabled = 'False'; Fault = $false }
        @{ Name = 'RemoteDesktop-UserMode-In-TCP'; Enabled = 'True'; Fault = $true }
        @{ Name = 'FPS-SMB-In-TCP'; Enabled = 'False'; Fault = $true }
    ) {
        $Entry = ConvertTo-Entry -Entry @{ Kind = 'firewall'; Name = $Name; Before = @{ Enabled = $Enabled } }
        [bool]@(Find-EntryFault -Entry $Entry) | Should -Be $Fault
    }
    It 'may not be more than the account has: <Before>' -ForEach @(
        @{ Before = '(A;;FA;;;WD)'; Now = '(A;;0x1201bf;;;WD)' }
        @{ Before = '(A;;FR;;;WD)'; Now = '' }
        @{ Before = '(A;;FR;;;BU)'; Now = '(A;;FA;;;WD)' }
        @{ Before = '(A;OICI;FR;;;WD)'; Now = '(A;;FA;;;WD)' }
        @{ Before = '(A;;GA;;;WD)'; Now = '(A;;FA;;;WD)' }
        @{ Before = '(A;;FR;;;WD)'; Now = '(D;;FA;;;WD)' }
        @{ Before = '(XA;;FR;;;WD;(1))'; Now = '(A;;FA;;;WD)' }
    ) { Find-RightFault -Before "D:P(A;;FA;;;SY)$Before" -Now "D:P(A;;FA;;;SY)$Now" | Should -Not -BeNullOrEmpty }
}

Describe 'A change without an answer' {
    It 'of rights is that of the run: <What>' -ForEach @(
        @{ What = 'granted'; Owner = 'S-1-5-18'; Now = 'D:P(A;;FA;;;SY)(A;;FR;;;NS)'; Is = 'left' }
        @{ What = 'an entry that was merged'; Owner = 'S-1-5-18'; Now = 'D:P(A;;FA;;;SY)(A;;0x1201bf;;;WD)'; Is = 'left' }
        @{ What = 'taken and not given back'; Owner = 'S-1-5-32-544'; Now = 'D:P(A;;FA;;;SY)'; Is = 'left' }
        @{ What = 'nothing yet'; Owner = 'S-1-5-18'; Now = 'D:P(A;;FA;;;SY)'; Is = 'before' }
        @{ What = 'not one for somebody else'; Owner = 'S-1-5-18'; Now = 'D:P(A;;FA;;;SY)(A;;FR;;;BU)'; Is = 'changed' }
        @{ What = 'not one that denies'; Owner = 'S-1-5-18'; Now = 'D:P(D;;FR;;;NS)(A;;FA;;;SY)'; Is = 'changed' }
        @{ What = 'not another owner'; Owner = 'S-1-5-21-1-2-3-500'; Now = 'D:P(A;;FA;;;SY)(A;;FR;;;NS)'; Is = 'changed' }
    ) {
        $Entry = ConvertTo-Entry -Entry @{ Kind = 'security'; Before = @{ Owner = 'S-1-5-18'; Sddl = 'D:P(A;;FA;;;SY)' }; After = $null }
        Compare-Entry -Entry $Entry -Now ([pscustomobject]@{ Owner = $Owner; Sddl = $Now }) | Should -Be $Is
    }
    It 'of a rule is that of the run: <What>' -ForEach @(
        @{ What = 'narrowed, and not on yet'; Now = @('False', 'Domain', '10.0.9.0/24', 'fd00::/8'); Is = 'left' }
        @{ What = 'on'; Now = @('True', 'Domain', '10.0.9.0/24', 'fd00::/8'); Is = 'left' }
        @{ What = 'as Windows writes it'; Now = @('True', 'Domain', 'fd00::/8', '10.0.9.0/255.255.255.0'); Is = 'left' }
        @{ What = 'nothing yet'; Now = @('False', 'Any', 'LocalSubnet'); Is = 'before' }
        @{ What = 'not for another network'; Now = @('True', 'Domain', '10.0.8.0/24', 'fd00::/8'); Is = 'changed' }
        @{ What = 'not in another profile'; Now = @('True', 'Private', '10.0.9.0/24', 'fd00::/8'); Is = 'changed' }
    ) {
        $Entry = ConvertTo-Entry -Entry @{
            Kind = 'firewall'; Profile = 'Domain'; RemoteAddress = @('10.0.9.0/24', 'fd00::/8'); After = $null
            Before = @{ Enabled = 'False'; Profile = 'Any'; RemoteAddress = @('LocalSubnet') }
        }
        $Rule = [pscustomobject]@{ Enabled = $Now[0]; Profile = $Now[1]; RemoteAddress = @($Now[2..($Now.Count - 1)]) }
        Compare-Entry -Entry $Entry -Now $Rule | Should -Be $Is
    }
    It 'of a rule is not known from a record that does not say what was wanted' {
        $Entry = ConvertTo-Entry -Entry @{
            Kind = 'firewall'; After = $null; Before = @{ Enabled = 'False'; Profile = 'Any'; RemoteAddress = @('LocalSubnet') }
        }
        Compare-Entry -Entry $Entry -Now ([pscustomobject]@{ Enabled = 'True'; Profile = 'Domain'; RemoteAddress = @('Any') }) |
            Should -Be 'changed'
    }
    It 'is recorded with what was wanted, before it is made' {
        $TimeoutSeconds = 1
        $Run = @{ Changed = $false }
        $Saved = @{ Text = '' }
        $Entries = [pscustomobject]@{ Entries = @() }
        function Save-Record { $Saved.Text = ConvertTo-Json -InputObject $Entries -Depth 10 -Compress }
        function Invoke-Change { throw 'the session is gone' }
        function Format-Time { '2026-12-01T00:00:00Z' }
        $Change = [pscustomobject]@{
            Kind = 'firewall'; Name = 'x'; Before = @{ Enabled = 'False' }; Profile = 'Domain'; RemoteAddress = @('10.0.9.0/24')
        }
        { Invoke-Recorded -Session $null -Change $Change -Step ([pscustomobject]@{ Remedy = 'R7'; NoWayBack = '' }) -Entries $Entries } |
            Should -Throw
        $Saved.Text | Should -Match '"Profile":"Domain","RemoteAddress":\["10.0.9.0/24"\]'
    }
}
