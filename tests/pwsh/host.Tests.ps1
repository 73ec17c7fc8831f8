# Whole runs against fake Windows hosts. As root, with unshare and ip: each host is a process with its own name and loopback.
BeforeAll {
    . "$PSScriptRoot/kit.ps1"
    $Root = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath ([guid]::NewGuid())
    $Fix = "$Root/it's [fix]"
    $null = [System.IO.Directory]::CreateDirectory($Fix)
    $Script = "$Fix/Repair-RdpHost.ps1"
    [System.IO.File]::WriteAllText($Script, (Join-RepairScript))
    $Number = 10
    'crm-old', 'ts07', 'dead01', 'swap01' | ForEach-Object { $Number++; [pscustomobject]@{ Computer = "$_.corp.example"; Address = "10.0.0.$Number"; Port = 3389; ExpectedName = $_; Remedies = 'R3 R2 R1'; Why = '' } } | Export-Csv -LiteralPath "$Fix/hosts.csv"
    $KeyName = 'f686aace6942fb7f7ceb231212eef4a4_fake'
    $Faults = @{
        'crm-old' = { param($State, $Target, $Keys, $KeyFile)
            $Pfx = New-FakeCertificate -Subject $Target.FullName -From (Get-Date).AddDays(-600) -To (Get-Date).AddDays(-412)
            $State.Certificates = @([pscustomobject]@{ Store = 'Remote Desktop'; Pfx = $Pfx; Cer = ''; KeyName = 'f686aace6942fb7f7ceb231212eef4a4_fake' })
            $State.Acls[$KeyFile].Rules = @(, @('S-1-5-18', 0x1F01FF, 0, 0))
        }
        'ts07' = { param($State) ($State.Registry | Where-Object { $_.Name -eq 'MinEncryptionLevel' }).Data = 1; $State.Services.SessionEnv.Stuck = $true }
        'swap01' = { param($State) $State.ComputerName = 'other01' }
    }
    Copy-Item -LiteralPath "$Fix/hosts.csv" -Destination "$Root/rows.csv"
    & "$PSScriptRoot/windows/fleet.ps1" -Root $Root -Scripts "$Root/rows.csv" -Faults $Faults -Silent dead01
    . "$PSScriptRoot/windows/session.ps1" -Root $Root
    function Invoke-Repair { param([hashtable] $With) $All = @(& $Script @With 6>$null 2>$null); @{ Rows = $All; Exit = $LASTEXITCODE } }
    function Find-Status { param($Run, $Name, $Key) ($Run.Rows | Where-Object { $_.Computer -like "$Name.*" -and $_.Remedy -eq $Key }).Status }
}
AfterAll { Remove-Item -LiteralPath $Root -Recurse -Force }

Describe 'A run' {
    It 'changes nothing without -Apply, and says what it would do' {
        $Run = Invoke-Repair @{}
        $Run.Exit | Should -Be 1
        Get-ChildItem -Path $Root -Recurse -Filter writes.log | Should -BeNullOrEmpty
        Find-Status $Run crm-old R2 | Should -Be 'would be done'
        Find-Status $Run crm-old R1 | Should -Be 'would be done'
        Find-Status $Run ts07 R3 | Should -Be 'would be done'
        Find-Status $Run dead01 identity | Should -Be 'unknown'
        Find-Status $Run swap01 identity | Should -Be 'blocked'
    }
    It 'repairs the key, then the certificate, and puts the key back on request, once' {
        $Run = Invoke-Repair @{ ComputerName = 'crm-old'; Apply = $true; Confirm = $false }
        Find-Status $Run crm-old R2 | Should -Be 'done'
        Find-Status $Run crm-old R1 | Should -Be 'done'
        $Run.Exit | Should -Be 0
        $Record = (Get-ChildItem -LiteralPath "$Fix/runs" -Recurse -Filter undo.json).FullName
        $Back = Invoke-Repair @{ UndoPath = $Record; Apply = $true; Confirm = $false }
        Find-Status $Back crm-old R2 | Should -Be 'undone'
        $Writes = (Get-Content -LiteralPath "$Root/crm-old/writes.log").Count
        $Again = Invoke-Repair @{ UndoPath = $Record; Apply = $true; Confirm = $false }
        Find-Status $Again crm-old R2 | Should -Be 'in order'
        (Get-Content -LiteralPath "$Root/crm-old/writes.log").Count | Should -Be $Writes
    }
    It 'says partly done where a service cannot be restarted' {
        $Run = Invoke-Repair @{ ComputerName = 'ts07'; Remedy = 'R3'; Apply = $true; Confirm = $false }
        Find-Status $Run ts07 R3 | Should -Be 'partly done'
        $Run.Exit | Should -Be 1
    }
}

Describe 'Whom it touches' {
    It 'refuses <_>, and reads nothing' -ForEach '$null', "''", '@()', "'nobody'" {
        $Before = @(Get-ChildItem -LiteralPath $Fix -Recurse).Count
        $null = & $Script -ComputerName (Invoke-Expression $_) 2>$null
        $LASTEXITCODE | Should -Be 2
        @(Get-ChildItem -LiteralPath $Fix -Recurse).Count | Should -Be $Before
    }
    It 'refuses a pipeline without a name' {
        $null = @() | & $Script 2>$null
        $LASTEXITCODE | Should -Be 2
        $null = 'crm-old', '' | & $Script 2>$null
        $LASTEXITCODE | Should -Be 2
    }
}
