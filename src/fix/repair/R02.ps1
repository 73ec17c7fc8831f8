# R2: rights on the private key in use, on the one that is to be bound, and on the folder that a new key goes to.
function Measure-R2 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $Grants = [ordered]@{}
    $Folder = $Facts.KeyFolder
    if ($Folder.Access -eq 'absent') {
        $Finding.Wrong += "the key folder $($Folder.Path) is not there"
        $Finding.Blocked += 'see R3, and restore the folder'
    }
    elseif (($Folder.Access -eq 'denied') -or $Folder.Lacks) {
        $Finding.Wrong += if ($Folder.Access -eq 'denied') { "access to $($Folder.Path) is denied" }
        else { "$(Format-Account $Folder.Lacks) may not add keys to $($Folder.Path)" }
        $Grants[$Folder.Path] = @('*S-1-1-0:(R,W)')
        if ($Folder.Access -eq 'denied') { $Grants[$Folder.Path] += '*S-1-5-32-544:(F)' }
    }
    if ($Folder.Denies) {
        $Finding.Wrong += "an entry denies $(Format-Account $Folder.Denies) to use $($Folder.Path)"
        $Finding.Blocked += 'remove the entry that denies, by hand'
    }
    $Taken = @($Folder) + @($Folder.OwnKeys | Where-Object { $_ }) | Where-Object { ($_.Access -eq 'denied') -and -not $_.Owner }
    foreach ($One in $Taken) { $Finding.Unsure += "the owner of $($One.Path) is unknown, so it could not be given back: do it by hand" }
    foreach ($Key in @($Folder.OwnKeys | Where-Object { $_ })) {
        if ($Key.Denies) {
            $Finding.Wrong += "an entry denies $(Format-Account $Key.Denies) to use $($Key.Path)"
            $Finding.Blocked += 'remove the entry that denies, by hand'
            continue
        }
        if (($Key.Access -ne 'denied') -and -not $Key.Lacks) { continue }
        $Finding.Wrong += if ($Key.Access -eq 'denied') { "access to $($Key.Path) is denied" }
        else { "$(Format-Account $Key.Lacks) may not use $($Key.Path)" }
        $Grants[$Key.Path] = @(
            if (($Key.Access -eq 'denied') -or ($Key.Lacks -contains 'S-1-5-20')) { '*S-1-5-20:(R)' }
            if (($Key.Access -eq 'denied') -or ($Key.Lacks -contains 'S-1-5-18')) { '*S-1-5-18:(F)' }
            # Or nobody can look whether it is in order now.
            if ($Key.Access -eq 'denied') { '*S-1-5-32-544:(R)' }
        )
    }
    $Wanted = @(Find-InUse -Facts $Facts) + @(if (Test-BindWanted -Facts $Facts) { Find-Candidate -Facts $Facts })
    foreach ($Certificate in @($Wanted |
        Where-Object { $_ -and ($_.Key -eq 'no') -and $_.KeyFile -and -not $Grants.Contains($_.KeyFile) })) {
        $Finding.Wrong += [string]$Certificate.KeyWhy
        if ($Certificate.KeyDenied) { $Finding.Blocked += 'remove the entry that denies, by hand' }
        else { $Grants[$Certificate.KeyFile] = @('*S-1-5-20:(R)') + @(if ($Certificate.KeyWhy -like 'access to*') { '*S-1-5-32-544:(R)' }) }
    }
    $InUse = Find-InUse -Facts $Facts
    if (-not $Finding.Wrong -and $InUse -and ($InUse.Key -eq 'unknown') -and -not (Test-ServesInUse -Facts $Facts)) {
        $Finding.Unknown += "whether the key in use can be read is unknown: $($InUse.KeyWhy)"
    }
    $Finding.Changes = @(foreach ($Path in $Grants.Keys) { [pscustomobject]@{
        Kind = 'security'; Path = $Path; Grants = @($Grants[$Path])
    } })
    Add-RestartFault -Finding $Finding -Facts $Facts -Restart SessionEnv, TermService
    $Finding.Restarts = 'SessionEnv', 'TermService'
    if (-not $Finding.Wrong) { $Finding.Note = 'nothing that Windows needs is missing' }
    $Finding
}

# Whether the host serves the certificate in use: then its key works, wherever it is kept.
function Test-ServesInUse {
    param($Facts)
    $InUse = Find-InUse -Facts $Facts
    $InUse -and ((Find-Fact -Facts $Facts -Path Served.State) -eq 'works') -and
        ((Find-Fact -Facts $Facts -Path Served.Thumbprint) -eq $InUse.Thumbprint)
}
