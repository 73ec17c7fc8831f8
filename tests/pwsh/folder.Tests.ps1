# From a scan to a repaired host: rdpscan, named by RDPSCAN, writes the folder; its script reads fake hosts; rdpscan reads their facts.
BeforeAll {
    . "$PSScriptRoot/kit.ps1"
    $Root = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath ([guid]::NewGuid())
    $null = [System.IO.Directory]::CreateDirectory($Root)
    $Schema = Join-Path -Path $PSScriptRoot -ChildPath '../../docs/schema/rdpscan.facts-1.json'
    function Invoke-Rdpscan { $null = & $env:RDPSCAN @args 2>$null; $LASTEXITCODE | Should -Be 0 -Because "$args" }
    function Import-Action { param($Folder) @(Import-Csv -LiteralPath "$Folder/actions.csv") }
    if ($env:RDPSCAN) {
        Invoke-Rdpscan demo --quiet -o "$Root/demo.json"
        Invoke-Rdpscan fix "$Root/demo.json" -o "$Root/it's [fix]" --filter 'crm-old or ts03'
        $Fix = "$Root/it's [fix]"
        $Faults = @{
            'crm-old' = { param($State, $Target, $Keys, $KeyFile)
                $Pfx = New-FakeCertificate -Subject $Target.FullName -From (Get-Date).AddDays(-600) -To (Get-Date).AddDays(-412)
                $State.Certificates = @([pscustomobject]@{
                    Store = 'Remote Desktop'; Pfx = $Pfx; Cer = ''; KeyName = 'f686aace6942fb7f7ceb231212eef4a4_fake'
                })
                $State.Acls[$KeyFile].Rules = @(, @('S-1-5-18', 0x1F01FF, 0, 0))
            }
        }
        Copy-Item -LiteralPath "$Fix/hosts.csv" -Destination "$Root/rows.csv"
        & "$PSScriptRoot/windows/fleet.ps1" -Root $Root -Scripts "$Root/rows.csv" -Faults $Faults
        . "$PSScriptRoot/windows/session.ps1" -Root $Root
    }
    function Find-Status { param($Rows, $Name, $Key) ($Rows | Where-Object { $_.Computer -like "$Name.*" -and $_.Remedy -eq $Key }).Status }
}
AfterAll { Remove-Item -LiteralPath $Root -Recurse -Force }

Describe 'A folder that rdpscan wrote' -Skip:(-not $env:RDPSCAN) {
    It 'has the script that is tested here' {
        [System.IO.File]::ReadAllText("$Fix/Repair-RdpHost.ps1") | Should -BeExactly (Join-RepairScript)
    }
    It 'reads its hosts and changes nothing' {
        $Rows = @(& "$Fix/Repair-RdpHost.ps1" 6>$null 2>$null)
        Find-Status $Rows crm-old R2 | Should -Be 'would be done'
        Find-Status $Rows crm-old R1 | Should -Be 'would be done'
        Find-Status $Rows ts03 R1 | Should -Be 'in order'
        Get-ChildItem -Path $Root -Recurse -Filter writes.log | Should -BeNullOrEmpty
    }
    It 'leaves facts as their schema says, which make the next folder more certain' {
        $Facts = (Get-ChildItem -LiteralPath "$Fix/runs" -Recurse -Filter facts.json).FullName
        Get-Content -Raw -LiteralPath $Facts | Test-Json -SchemaFile $Schema | Should -BeTrue
        Invoke-Rdpscan fix "$Root/demo.json" -o "$Root/sure" --filter 'crm-old or ts03' --facts $Facts
        $Actions = Import-Action "$Root/sure"
        $Certain = $Actions | Where-Object { $_.name -like 'crm-old.*' -and $_.remedy -eq 'R1' } | Select-Object -First 1
        $Certain.inside | Should -Be 'confirmed'
        $Certain.confidence | Should -Be 'sure'
        $Gone = $Actions | Where-Object { $_.name -like 'ts03.*' -and $_.remedy -eq 'R1' } | Select-Object -First 1
        $Gone.inside | Should -Be 'ruled out'
        @(Import-Csv -LiteralPath "$Root/sure/hosts.csv" | Where-Object { $_.Remedies }).Computer | Should -Be 'crm-old.corp.example'
    }
    It 'repairs the host, and facts read afterwards rule its remedies out' {
        $Rows = @(& "$Root/sure/Repair-RdpHost.ps1" -Remedy R2, R1 -Apply -Confirm:$false 6>$null 2>$null)
        $LASTEXITCODE | Should -Be 0
        Find-Status $Rows crm-old R2 | Should -Be 'done'
        Find-Status $Rows crm-old R1 | Should -Be 'done'
        $Facts = (Get-ChildItem -LiteralPath "$Root/sure/runs" -Recurse -Filter facts.json).FullName
        Invoke-Rdpscan fix "$Root/demo.json" -o "$Root/done" --filter 'crm-old' --facts $Facts
        (Import-Action "$Root/done" | Where-Object { @('R1', 'R2') -contains $_.remedy }).inside | Select-Object -Unique |
            Should -Be 'ruled out'
    }
}
