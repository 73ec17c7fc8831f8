# R1: Windows' own certificate. It removes nothing first: SessionEnv, restarted, makes the new one and removes the old.
function Measure-R1 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $Finding.NoWayBack = 'the old certificate, which Windows removed'
    $InUse = Find-InUse -Facts $Facts
    if ($Steps['R4'].Wrong -and ($Steps['R4'].Status -eq 'would be done')) {
        $Finding.Note = 'R4 binds another certificate'
        return $Finding
    }
    if ($Facts.Choice.By -ne 'own') {
        $Faults = @(if ($InUse) { Find-CertificateFault -Facts $Facts -Certificate $InUse })
        $Finding.Note = 'another certificate is bound on purpose'
        if (-not $InUse -or $Faults) {
            $Finding.Wrong += if ($InUse) { "the bound certificate: $($Faults -join ', ')" } else { 'the bound certificate is not there' }
            $Finding.Blocked += if ($Facts.Choice.By -eq 'policy') { 'a policy template chooses the certificate: see who enrols it' }
            elseif (-not $InUse -and ($Steps['R3'].Status -eq 'would be done')) { 'R3 comes first: it removes the pin' }
            else { 'bound on purpose: name R4, or remove the pin' }
        }
        return $Finding
    }
    $Rename = $false
    if (-not $InUse) { $Finding.Wrong += 'there is no self-signed certificate' }
    else {
        $Now = ConvertTo-Utc $Facts.Clock.Ended
        if ((ConvertTo-Utc $InUse.NotAfter) -le $Now) {
            $Finding.Wrong += "it expired at $(Format-Time (ConvertTo-Utc $InUse.NotAfter))"
        }
        if ((ConvertTo-Utc $InUse.NotBefore) -gt $Now) { $Finding.Wrong += 'it is not valid yet' }
        if ($InUse.Key -eq 'gone') { $Finding.Wrong += "its key is gone ($($InUse.KeyWhy))" }
        elseif ($InUse.Key -eq 'no') { $Finding.Wrong += "its key is unreadable ($($InUse.KeyWhy))" }
        elseif (($InUse.Key -eq 'unknown') -and -not (Test-ServesInUse -Facts $Facts)) {
            $Finding.Unknown += "whether its key can be read is unknown ($($InUse.KeyWhy))"
        }
        $Name = [string](Find-Fact -Facts $Facts -Path Identity.Name)
        $FullName = [string](Find-Fact -Facts $Facts -Path Identity.FullName)
        if (-not $FullName) { $Finding.Unknown += 'the full name of the host is unknown' }
        else {
            $Is, $Domain = ([string]$InUse.CommonName).Split([char[]]'.', 2)
            $Host1, $Domain1 = $FullName.Split([char[]]'.', 2)
            if ((($Is -ne $Host1) -and ($Is -ne $Name)) -or ($Domain -and $Domain1 -and ($Domain -ne $Domain1))) {
                $Finding.Wrong += "it is for $($InUse.CommonName), and the host is $FullName"
                $Rename = $true
            }
        }
    }
    $Skew = Find-Fact -Facts $Facts -Path Clock.Skew
    if ($null -eq $Skew) { $Finding.Unsure += 'the clock of the host was not compared' }
    elseif ([math]::Abs([double]$Skew) -gt 300) { $Finding.Blocked += "its clock is $Skew s off this machine: see R12" }
    if ($Facts.Choice.Conflict) { $Finding.Unsure += 'registry and CIM disagree about the certificate in use' }
    Add-RestartFault -Finding $Finding -Facts $Facts -Restart TermService -Start SessionEnv
    $Thumbprint = if ($InUse) { $InUse.Thumbprint } else { '' }
    $Finding.Changes = @([pscustomobject]@{
        Kind = 'renew'; Thumbprint = $Thumbprint; Rename = $Rename; Port = Find-Fact -Facts $Facts -Path Port.Number
        Address = Find-Fact -Facts $Facts -Path Served.Address
    })
    $Finding
}
