# A fix folder and a fleet of fake hosts for whole runs, and how they are run. As root, with unshare and ip.
. "$PSScriptRoot/kit.ps1"

# Makes a folder with the script, a list and hosts: their remedies by name; Faults and Silent as in windows/fleet.ps1.
function New-Fleet {
    param([System.Collections.IDictionary] $Hosts, [hashtable] $Faults = @{}, [string[]] $Silent = @())
    $Root = Join-Path -Path ([System.IO.Path]::GetTempPath()) -ChildPath ([guid]::NewGuid())
    $Fix = "$Root/it's [fix]"
    $null = [System.IO.Directory]::CreateDirectory($Fix)
    [System.IO.File]::WriteAllText("$Fix/Repair-RdpHost.ps1", (Join-RepairScript))
    $Number = 0
    $Rows = foreach ($Name in $Hosts.Keys) {
        $Number++
        $Address = "10.0.$([math]::Floor($Number / 200)).$($Number % 200 + 1)"
        [pscustomobject]@{
            Computer = "$Name.corp.example"; Address = $Address; Port = 3389; ExpectedName = $Name; Remedies = $Hosts[$Name]; Why = ''
        }
    }
    $Rows | Export-Csv -LiteralPath "$Fix/hosts.csv"
    # Silent hosts are in the list only: what they would hold takes long to make.
    $Rows | Where-Object { $Silent -notcontains $_.ExpectedName } | Export-Csv -LiteralPath "$Root/rows.csv"
    & "$PSScriptRoot/windows/fleet.ps1" -Root $Root -Scripts "$Root/rows.csv" -Faults $Faults
    @{ Root = $Root; Fix = $Fix; Script = "$Fix/Repair-RdpHost.ps1" }
}

# Runs the script: Rows, Exit, and Find for the status of a remedy at a host.
function Invoke-Repair {
    param([hashtable] $Fleet, [hashtable] $With = @{})
    $Rows = @(& $Fleet.Script -ThrottleLimit 4 @With 6>$null 3>$null 2>$null)
    @{ Rows = $Rows; Exit = $LASTEXITCODE }
}

function Find-Row {
    param($Run, [string] $Name, [string] $Key)
    $Run.Rows | Where-Object { ($_.Computer -eq "$Name.corp.example") -and ($_.Remedy -eq $Key) }
}
function Find-Status { param($Run, [string] $Name, [string] $Key) (Find-Row -Run $Run -Name $Name -Key $Key).Status }

function Find-Writes {
    param([hashtable] $Fleet, [string] $Name)
    $Path = "$($Fleet.Root)/$Name/writes.log"
    , @(if (Test-Path -LiteralPath $Path) { Get-Content -LiteralPath $Path })
}

# What a host holds, as text to compare: registry, certificates, rights, services that should run, firewall.
function Format-State {
    param([hashtable] $Fleet, [string] $Name)
    $State = Import-Clixml -LiteralPath "$($Fleet.Root)/$Name/state.xml"
    # Windows keeps its own note of the certificate that it made; keys that are empty count for nothing.
    $State.Registry | Where-Object { $_.Name -and ($_.Name -ne 'SelfSignedCertificate') } |
        ForEach-Object { "$($_.Path) $($_.Name) $($_.Kind) $(@($_.Data) -join ' ')" } | Sort-Object
    foreach ($Path in $State.Acls.Keys | Sort-Object) {
        "$Path $($State.Acls[$Path].Owner) $(@($State.Acls[$Path].Rules | ForEach-Object { $_ -join ' ' }) -join ', ')"
    }
    foreach ($Service in $State.Services.Keys | Sort-Object) { "$Service $($State.Services[$Service].State)" }
    foreach ($Rule in $State.Rules.Keys | Sort-Object) {
        "$Rule $($State.Rules[$Rule].Enabled) $($State.Rules[$Rule].Profile) $($State.Rules[$Rule].RemoteAddress)"
    }
}

# Certificates with their keys.
function Measure-Certificates {
    param([hashtable] $Fleet, [string] $Name)
    @((Import-Clixml -LiteralPath "$($Fleet.Root)/$Name/state.xml").Certificates | Where-Object { $_.Pfx }).Count
}
