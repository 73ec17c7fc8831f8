# What a run writes: results, facts and the transcript, in its folder and on the pipeline.
# A word of a command line that can be pasted.
function Format-Word { param([string] $Word) "'" + $Word.Replace("'", "''") + "'" }

function Add-RunText {
    param([string] $File, [string] $Text, [bool] $Mark)
    if (-not $Run.Folder) { return }
    try {
        $Path = Join-Path -Path $Run.Folder -ChildPath $File
        $Encoding = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList ($Mark -and -not [System.IO.File]::Exists($Path))
        [System.IO.File]::AppendAllText($Path, $Text + "`r`n", $Encoding)
    }
    catch { if (-not $Run.Warned) { $Run.Warned = $true; Write-Warning -Message "$File cannot be written: $($_.Exception.Message)" } }
}

function Write-RunLog {
    param([string] $Text)
    Add-RunText -File transcript.log -Text "$(Format-Time -Time ([datetime]::UtcNow)) $Text"
    Write-Verbose -Message $Text
}

function Write-Talk {
    param([string] $Text)
    Add-RunText -File transcript.log -Text "$(Format-Time -Time ([datetime]::UtcNow)) $Text"
    Write-Information -MessageData $Text -InformationAction Continue
}

# One result: an object for the pipeline, a row of results.csv, a line of the transcript.
function Write-Result {
    param($Row, [string] $Identity, [string] $Remedy, [string] $Status, [string] $Detail)
    $Result = [pscustomobject]@{
        PSTypeName = 'RdpScan.Result'; Computer = $Row.Computer; Address = $Row.Address; Port = $Row.Port; Identity = $Identity
        Remedy = $Remedy
        Status = $Status; Detail = $Detail -replace '[\x00-\x1F\x7F-\x9F\u200E\u200F\u202A-\u202E\u2066-\u2069]', ' '
        Time = Format-Time -Time ([datetime]::UtcNow)
    }
    # What Excel would take for a formula is text.
    $Cells = [ordered]@{}
    foreach ($Property in $Result.PSObject.Properties) { $Cells[$Property.Name] = ([string]$Property.Value) -replace '^(?=[=+@\t-])', "'" }
    $Shown = New-Object -TypeName System.Management.Automation.PSPropertySet -ArgumentList @(
        'DefaultDisplayPropertySet', ([string[]]('Computer', 'Remedy', 'Status', 'Detail')))
    $View = [System.Management.Automation.PSMemberInfo[]]@($Shown)
    $Result | Add-Member -MemberType MemberSet -Name PSStandardMembers -Value $View -Force
    $Run.Results.Add($Result)
    $Lines = @([pscustomobject]$Cells | ConvertTo-Csv -NoTypeInformation)
    Add-RunText -File results.csv -Mark $true -Text $(if ($Run.Results.Count -eq 1) { $Lines -join "`r`n" } else { $Lines[-1] })
    Add-RunText -File transcript.log -Text "$($Result.Time) $($Row.Computer) ${Remedy}: $Status $($Result.Detail)"
    if ($Status -eq 'failed') { Write-Error -Message "$($Row.Computer), ${Remedy}: $($Result.Detail)" -ErrorAction Continue }
    $Result
}

function Write-Facts {
    if (-not $Run.Folder -or -not $Run.Facts.Count) { return }
    foreach ($Facts in @($Run.Facts.Values)) {
        $Plan = @(Get-RdpPlan -Facts $Facts | Select-Object -Property Remedy, Status, Detail)
        $Facts | Add-Member -NotePropertyName Plan -NotePropertyValue $Plan -Force
    }
    try {
        $File = [ordered]@{ schema = 'rdpscan.facts/1'; written = Format-Time -Time ([datetime]::UtcNow); hosts = @($Run.Facts.Values) }
        $Json = ConvertTo-Json -InputObject $File -Depth 10
        [System.IO.File]::WriteAllText((Join-Path -Path $Run.Folder -ChildPath 'facts.json'), $Json)
    }
    catch { Write-Warning -Message "facts.json cannot be written: $($_.Exception.Message)" }
}
