# The run as a whole: what it touches, its folder, and what it says at its end.

# The hosts that a run is for; throws where the call is wrong.
function Find-Chosen {
    param([hashtable] $Bound, [string[]] $Names, [bool] $Piped, [bool] $BadInput, [string] $Folder)
    if ($Piped -and ($BadInput -or -not $Names)) {
        throw 'no host name came through the pipeline: pipe names, or objects with ComputerName, Name or Computer'
    }
    if ($Bound.ContainsKey('ComputerName') -and -not @($Names | Where-Object { $_ })) {
        throw '-ComputerName is empty: name hosts of hosts.csv, or leave the parameter out for all of them'
    }
    Confirm-AdminNetwork -Networks $AdminNetwork
    $List = Join-Path -Path $Folder -ChildPath 'hosts.csv'
    $Rows = @(if ($UndoPath) { (Read-UndoRecord -Path $UndoPath).Hosts } else { Import-HostRow -Path $List })
    if ($Names) { return Select-HostRow -Rows $Rows -Names $Names }
    if ($UndoPath) { return $Rows }
    $Signs = @($Rows | Where-Object { -not $_.NoSign })
    if ($Signs) { Select-HostRow -Rows $Signs -Names @($Signs | ForEach-Object { $_.Computer }) }
    $Rows | Where-Object { $_.NoSign }
}

# Reads all hosts, then shows or does what each needs.
function Repair-Hosts {
    param([object[]] $Rows, [bool] $Named)
    foreach ($Row in $Rows) { if ($Named -or -not $Row.NoSign) { $Run.Left.Add($Row) } }
    if ($Run.Left.Count) { Read-RdpHosts -Rows $Run.Left.ToArray() }
    $Differences = Compare-RdpFarm -All @($Run.Facts.Values)
    foreach ($Key in $Differences.Keys) { $Run.Facts[$Key].Request.FarmDifferences = @($Differences[$Key]) }
    foreach ($Row in $Run.Left.ToArray()) {
        if ($Apply) { Repair-OneHost -Row $Row }
        else {
            foreach ($Step in @(Select-Step -Steps @(Get-RdpPlan -Facts $Run.Facts[$Row.Computer]))) {
                Write-Result -Row $Row -Identity $Run.Identity[$Row.Computer] -Remedy $Step.Remedy -Status $Step.Status -Detail $Step.Detail
            }
        }
        $null = $Run.Left.Remove($Row)
    }
    foreach ($Row in @($Rows | Where-Object { $_.NoSign -and -not $Named })) {
        $Detail = 'no sign of Windows: name it with -ComputerName if it is one of yours'
        Write-Result -Row $Row -Remedy identity -Status 'left alone' -Detail $Detail
    }
}

# What was broken off: rows for it, and the table, since nothing of the pipeline is shown any more.
function Write-Interrupted {
    $Status = if (-not $Run.Step -or -not $Run.Step.Acting) { 'left alone' } elseif ($UndoPath) { 'partly undone' } else { 'partly done' }
    if ($Run.Step) { $null = Write-Result -Row $Run.Step.Row -Remedy $Run.Step.Key -Status $Status -Detail 'interrupted' }
    foreach ($Row in @($Run.Left | Where-Object { -not $Run.Step -or ($_ -ne $Run.Step.Row) })) {
        $null = Write-Result -Row $Row -Remedy identity -Status 'left alone' -Detail 'interrupted before its turn'
    }
    $Run.Results | Format-Table -Property Computer, Remedy, Status, Detail | Out-String -Width 120 | Out-Host
}

function Write-Summary {
    param([string] $Script)
    $Hosts = @($Run.Results | ForEach-Object { $_.Computer } | Select-Object -Unique).Count
    $Counts = @($Run.Results | Group-Object -Property Status | Sort-Object -Property Name |
        ForEach-Object { "$($_.Count) $($_.Name)" }) -join ', '
    if (-not $Counts) { $Counts = 'nothing to report, all in order' }
    $Details = if ($Run.Folder) { ". The details: $(Join-Path -Path $Run.Folder -ChildPath results.csv)" }
    Write-Talk "$Hosts $(if ($Hosts -eq 1) { 'host' } else { 'hosts' }): $Counts$Details"
    if ($Run.Changed) {
        $Record = Format-Word -Word (Join-Path -Path $Run.Folder -ChildPath 'undo.json')
        Write-Talk "To undo: & $(Format-Word -Word $Script) -UndoPath $Record -Apply"
    }
    elseif (-not $Apply) { Write-Talk 'Nothing was changed. Add -Apply to make the changes; it asks before each step.' }
}

function Invoke-RdpRepair {
    param($Asker, [hashtable] $Bound, [string[]] $Names, [bool] $Piped, [bool] $BadInput, [string] $Folder, [string] $Script)
    Set-StrictMode -Version 2.0
    $ErrorActionPreference = 'Stop'
    $Run = @{
        Folder = ''; NoFolder = ''; Warned = $false; Facts = [ordered]@{}; Identity = @{}; Step = $null; Changed = $false; Complete = $false
        Results = New-Object -TypeName System.Collections.Generic.List[object]
        Left = New-Object -TypeName System.Collections.Generic.List[object]
        Time = Format-Time -Time ([datetime]::UtcNow); Hosts = @()
    }
    try { $Chosen = @(Find-Chosen -Bound $Bound -Names $Names -Piped $Piped -BadInput $BadInput -Folder $Folder) }
    catch {
        Write-Error -Message $_.Exception.Message -ErrorAction Continue -Category InvalidArgument
        Set-Variable -Name RepairExit -Value 2 -Scope 1
        return
    }
    try {
        try {
            $Base = if ($LogPath) { $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($LogPath) } else { $Folder }
            $Time = [datetime]::UtcNow.ToString("yyyyMMdd'T'HHmmss'Z'", [System.Globalization.CultureInfo]::InvariantCulture)
            # Each run has a folder of its own, also the second one of a second.
            $First = $Path = [System.IO.Path]::Combine($Base, 'runs', "$Time-$PID")
            for ($Turn = 2; [System.IO.Directory]::Exists($Path); $Turn++) { $Path = "$First-$Turn" }
            $Run.Folder = [System.IO.Directory]::CreateDirectory($Path).FullName
        }
        catch { $Run.NoFolder = $_.Exception.Message; Write-Warning -Message "nothing can be written of this run: $($Run.NoFolder)" }
        $Words = @($Bound.Keys | Where-Object { $_ -ne 'Credential' } | Sort-Object | ForEach-Object { "-$_ $($Bound[$_])" })
        Write-RunLog "Repair-RdpHost $($Words -join ' ')"
        if ($UndoPath) { foreach ($Entry in $Chosen) { Undo-OneHost -Recorded $Entry } }
        else { Repair-Hosts -Rows $Chosen -Named ([bool]$Names) }
        $Run.Complete = $true
    }
    finally {
        if (-not $Run.Complete) { Write-Interrupted }
        Write-Facts
        $Bad = @($Run.Results | Where-Object {
                (@('blocked', 'partly done', 'failed', 'unknown', 'partly undone') -contains $_.Status) -and
                    (@('R13', 'R20') -notcontains $_.Remedy)
            })
        Set-Variable -Name RepairExit -Value ([int]($Bad.Count -gt 0 -or -not $Run.Complete)) -Scope 1
        Write-Summary -Script $Script
    }
}
