# Removes each guard of the plan in turn, and says which no row of rows.ps1 notices. Not in CI: it takes minutes.
Set-StrictMode -Version 2.0
. "$PSScriptRoot/kit.ps1"
$Texts = @{}
foreach ($Part in $PlanParts) {
    $Texts[$Part] = [System.IO.File]::ReadAllText((Join-Path -Path $PartsFolder -ChildPath $Part))
    . ([scriptblock]::Create($Texts[$Part]))
}
. "$PSScriptRoot/rows.ps1"
$Survived = 0
$Count = 0
foreach ($Part in $PlanParts) {
    $Found = @([regex]::Matches($Texts[$Part], '\$Finding\.(Blocked|Unsure|Unknown) \+= |Add-RestartFault -Finding'))
    # What a remedy's own rows, and those that wait for it, would show.
    foreach ($Guard in $Found |
        Where-Object { $Texts[$Part].Substring(0, $_.Index) -notmatch 'function Add-RestartFault[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*$' }) {
        $Count++
        $Old = $Guard.Value
        $New = if ($Old -like 'Add-*') { '$null = New-Object -TypeName object; function Skip-Guard { }; Skip-Guard -Finding' }
        else { '$null = ' }
        . ([scriptblock]::Create($Texts[$Part].Remove($Guard.Index, $Old.Length).Insert($Guard.Index, $New)))
        $Noticed = $false
        foreach ($Row in $Rows) {
            try { $Step = Resolve-Plan -Changes $Row.Changes | Where-Object { $_.Remedy -eq $Row.Remedy } } catch {
                $Noticed = $true
                break
            }
            if (($Step.Status -ne $Row.Status) -or ($Row.Detail -and -not $Step.Detail.Contains($Row.Detail))) { $Noticed = $true; break }
        }
        if (-not $Noticed) {
            $Survived++
            $Line = ($Texts[$Part].Substring(0, $Guard.Index) -split "`n").Count
            "not noticed: ${Part}:${Line}: $((($Texts[$Part] -split "`n")[$Line - 1]).Trim())"
        }
    }
    . ([scriptblock]::Create($Texts[$Part]))
}
"$Count guards, $Survived not noticed"
exit [int]($Survived -gt 0)
