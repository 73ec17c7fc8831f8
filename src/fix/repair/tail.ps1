}
process {
    if ($MyInvocation.ExpectingInput) {
        if (@($ComputerName).Count -eq 0 -or @($ComputerName | Where-Object { -not (Test-HostName -Text $_) }).Count) { $RepairBad = $true }
    }
    foreach ($One in @($ComputerName)) { $RepairNames.Add($One) }
}
end {
    # Without names there is no parameter, and @($null) is one.
    $RepairBound = @{} + $PSBoundParameters
    if (-not $RepairBound.ContainsKey('ComputerName') -and -not $MyInvocation.ExpectingInput) { $RepairNames.Clear() }
    $RepairInput = @{ Names = $RepairNames.ToArray(); Piped = $MyInvocation.ExpectingInput; BadInput = $RepairBad }
    Invoke-RdpRepair -Asker $PSCmdlet -Bound $RepairBound @RepairInput -Folder $PSScriptRoot -Script $PSCommandPath
    if ($MyInvocation.InvocationName -eq '.') { $global:LASTEXITCODE = $RepairExit } else { exit $RepairExit }
}
