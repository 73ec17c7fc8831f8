# R6: TLS and NLA are required, once both are known to work.
function Measure-R6 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $Layer = 2
    foreach ($Want in @(@('SecurityLayer', 2), @('UserAuthentication', 1))) {
        $Value = Find-Fact -Facts $Facts -Path "Settings.$($Want[0])"
        if (-not $Value) { $Finding.Unknown += "$($Want[0]) was not read"; continue }
        $ByPolicy = $null -ne $Value.Policy
        $Is = if ($ByPolicy -and ($Value.Policy -match '^[0-9]+$')) { $Value.Policy }
        elseif ($Value.Exists -and -not $ByPolicy) { $Value.Value }
        else { Find-Fact -Facts $Value -Path Effective }
        if ($null -eq $Is) { $Finding.Unknown += "$($Want[0]) is unknown"; continue }
        if ($Want[0] -eq 'SecurityLayer') { $Layer = [int]$Is }
        if ([int]$Is -ge $Want[1]) { continue }
        $Finding.Wrong += "$($Want[0]) is $Is"
        if ($ByPolicy) { $Finding.Blocked += "policy sets $($Want[0]): change it there" }
        if (($Want[0] -eq 'SecurityLayer') -and ($Layer -eq 0)) {
            $Finding.Changes += New-RegistryChange -Before $Value -Value 1 -Kind DWord
            $Finding.Changes += New-TestChange -Facts $Facts
        }
        $Finding.Changes += New-RegistryChange -Before $Value -Value $Want[1] -Kind DWord
    }
    if (-not $Finding.Wrong) { $Finding.Note = 'TLS and NLA are required'; return $Finding }
    # The one cannot be judged without the other.
    $Finding.Unsure += $Finding.Unknown
    $Finding.Changes += New-TestChange -Facts $Facts
    $Served = Find-Fact -Facts $Facts -Path Served.State
    $InUse = Find-InUse -Facts $Facts
    if ($Served -eq 'down') { $Finding.Blocked += 'nothing listens: see R8' }
    # A new certificate comes first, and then the host is read again.
    elseif (($Served -eq 'failed') -and -not @('R4', 'R1' | Where-Object { $Steps[$_].Status -eq 'would be done' })) {
        $Finding.Blocked += "the TLS handshake fails ($(Find-Fact -Facts $Facts -Path Served.Why)): see R1, R2, R4 and R5"
    }
    elseif ($Served -eq 'off') {
        # Without TLS nothing shows that the certificate works, so its key has to be readable, and both are tested on the way.
        if ($Layer -ne 0) { $Finding.Blocked += "the listener does not negotiate TLS: see R3 and R5" }
        elseif (-not $InUse) { $Finding.Blocked += 'there is no certificate in use: see R1, R4' }
        elseif ($InUse.Key -eq 'unknown') { $Finding.Unsure += "whether the key in use can be read is unknown ($($InUse.KeyWhy))" }
        elseif ($InUse.Key -ne 'yes') { $Finding.Blocked += "the key in use cannot be read ($($InUse.KeyWhy)): see R1, R2, R4" }
    }
    elseif (@('works', 'failed') -notcontains $Served) { $Finding.Unsure += 'whether the listener serves a certificate is unknown' }
    $Member = Find-Fact -Facts $Facts -Path Deployment.Member
    if ($Member) { $Finding.Blocked += 'the host belongs to a deployment: set it there' }
    elseif ($null -eq $Member) { $Finding.Unsure += 'whether the host belongs to a deployment is unknown' }
    $Trust = Find-Fact -Facts $Facts -Path Trust.State
    if ($Trust -eq 'broken') { $Finding.Blocked += 'the trust to the domain is broken, so NLA would lock people out: repair it first' }
    elseif ($Trust -ne 'good') {
        $Finding.Unsure += "whether the domain trusts the host is unknown; $(Find-Unknown -Facts $Facts -Group Trust)"
    }
    $Finding
}
