# R4: another certificate for the listener, from an authority that this host trusts.

# What is wrong with a certificate of the listener, as far as it is known.
function Find-CertificateFault {
    param($Facts, $Certificate)
    $Now = ConvertTo-Utc (Find-Fact -Facts $Facts -Path Clock.Ended)
    if ((ConvertTo-Utc $Certificate.NotBefore) -gt $Now) { "it is not valid before $($Certificate.NotBefore)" }
    if ((ConvertTo-Utc $Certificate.NotAfter) -le $Now) {
        "it expired at $(Format-Time (ConvertTo-Utc $Certificate.NotAfter))"
    }
    if ($Certificate.Key -eq 'gone') { "its key is gone ($($Certificate.KeyWhy))" }
    # Windows' own certificate is untrusted by nature.
    if (-not $Certificate.SelfSigned) {
        $Answers = @($Certificate.Chain |
            Where-Object { @('NotTimeValid', 'RevocationStatusUnknown', 'OfflineRevocation', 'NoError') -notcontains $_ })
        if ($Answers) { "its chain is not trusted here ($($Answers -join ', '))" }
    }
    $Purposes = '2.5.29.37.0', '1.3.6.1.5.5.7.3.1', '1.3.6.1.4.1.311.54.1.2'
    if (@($Certificate.Usages).Count -and -not @($Certificate.Usages | Where-Object { $Purposes -contains $_ }).Count) {
        'it lacks the usage Server Authentication'
    }
    if (@('1.2.840.113549.1.1.2', '1.2.840.113549.1.1.4', '1.2.840.113549.1.1.5', '1.2.840.10045.4.1') -contains $Certificate.Algorithm) {
        'it is signed with MD5 or SHA-1'
    }
    if ($Certificate.Bits -and ($Certificate.Bits -lt 2048)) { "its RSA key has $($Certificate.Bits) bits" }
    if ($Certificate.IsAuthority) { 'it is the certificate of an authority' }
}

function Find-Name {
    param($Certificate)
    if (@($Certificate.Names | Where-Object { $_ }).Count) { @($Certificate.Names) } else { @($Certificate.CommonName) }
}

function Test-Covers {
    param($Certificate, [string] $Name)
    $Star = $Name -replace '^[^.]+\.', '*.'
    @(Find-Name -Certificate $Certificate | Where-Object { ($_ -eq $Name) -or ($Name.Contains('.') -and ($_ -eq $Star)) }).Count -gt 0
}

# Whether another certificate is to be bound: the one in use is wrong, or the row wants one of an authority.
function Test-BindWanted {
    param($Facts)
    @(Find-BindReason -Facts $Facts).Count -gt 0
}

function Find-BindReason {
    param($Facts)
    $By = Find-Fact -Facts $Facts -Path Choice.By
    $InUse = Find-InUse -Facts $Facts
    if (Find-Fact -Facts $Facts -Path Request.Replace) { 'asked for with -Replace'; return }
    if ($By -eq 'own') {
        # A self-signed certificate is a reason only where somebody asks for another.
        if (Test-Named -Facts $Facts -Remedy R4) { 'the certificate in use is self-signed' }
        return
    }
    if ($InUse) {
        $Faults = @(Find-CertificateFault -Facts $Facts -Certificate $InUse)
        if ($InUse.SelfSigned -and (Test-Named -Facts $Facts -Remedy R4)) { $Faults += 'it is self-signed' }
        if ($Faults) { "the certificate in use, $($InUse.Thumbprint): $($Faults -join ', ')" }
    }
}

# Certificates that fit, the best first: of the issuer of the bound one, then by the share of the lifetime that is left.
function Find-Candidate {
    param($Facts)
    $InUse = Find-InUse -Facts $Facts
    $Now = ConvertTo-Utc (Find-Fact -Facts $Facts -Path Clock.Ended)
    $FullName = [string](Find-Fact -Facts $Facts -Path Identity.FullName)
    $Scanned = [string](Find-Fact -Facts $Facts -Path Request.Computer)
    $Needed = @($FullName)
    if ($InUse -and -not $InUse.SelfSigned) { $Needed = @(Find-Name -Certificate $InUse) }
    elseif ($Scanned -match '[A-Za-z]' -and $Scanned.Contains('.') -and -not $Scanned.Contains(':')) { $Needed += $Scanned }
    $Fit = @(foreach ($Certificate in @(Find-Fact -Facts $Facts -Path Certificates.Items | Where-Object { $_ -and ($_.Store -eq 'My') })) {
            if ($Certificate.SelfSigned -or ($InUse -and ($Certificate.Thumbprint -eq $InUse.Thumbprint))) { continue }
            if (@(Find-CertificateFault -Facts $Facts -Certificate $Certificate) -or @($Certificate.Chain | Where-Object { $_ })) {
                continue
            }
            $From = ConvertTo-Utc $Certificate.NotBefore
            $To = ConvertTo-Utc $Certificate.NotAfter
            $Left = ($To - $Now).TotalSeconds / [math]::Max(1, ($To - $From).TotalSeconds)
            if ($Left -lt 0.2) { continue }
            if (@($Needed | Where-Object { $_ -and -not (Test-Covers -Certificate $Certificate -Name $_) }).Count) { continue }
            $Same = [bool]($InUse -and ($InUse.Issuer -eq $Certificate.Issuer))
            [pscustomobject]@{ Certificate = $Certificate; Same = $Same; Usable = $Certificate.Key -eq 'yes'; Left = $Left }
        })
    $Fit |
        Sort-Object -Property @{ Expression = 'Usable'; Descending = $true }, @{ Expression = 'Same'; Descending = $true },
            @{ Expression = 'Left'; Descending = $true } | Select-Object -First 1 | ForEach-Object { $_.Certificate }
}

function Measure-R4 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $By = $Facts.Choice.By
    $InUse = Find-InUse -Facts $Facts
    $Finding.Wrong = @(Find-BindReason -Facts $Facts)
    if (-not $Finding.Wrong) {
        if ($InUse -and ($By -ne 'own') -and ($InUse.Key -eq 'unknown') -and -not (Test-ServesInUse -Facts $Facts) -and
            ((Find-Fact -Facts $Facts -Path Served.State) -ne 'off')) {
            $Finding.Unknown += "whether the key of the certificate in use can be read is unknown ($($InUse.KeyWhy))"
        }
        # With one that it cannot use, Windows falls back to its own. What R2 is for is said there.
        elseif ($InUse -and ($By -ne 'own') -and ($InUse.Key -eq 'yes') -and -not (Test-ServesInUse -Facts $Facts) -and
            ((Find-Fact -Facts $Facts -Path Served.State) -eq 'works')) {
            $Finding.Wrong += "the listener serves $($Facts.Served.Thumbprint), and not the certificate bound, $($InUse.Thumbprint)"
            $Finding.Blocked += 'look for events 1051 and 1055, and restart TermService by hand'
        }
        else { $Finding.Note = if ($By -eq 'own') { 'Windows'' own certificate is in use' } else { 'the certificate in use is in order' } }
        return $Finding
    }
    $Member = Find-Fact -Facts $Facts -Path Deployment.Member
    if ($Member) { $Finding.Blocked += "$(@($Facts.Deployment.Reasons) -join ', '): set certificates with Set-RDCertificate" }
    elseif ($null -eq $Member) { $Finding.Unsure += 'whether the host belongs to a deployment is unknown' }
    if ($Facts.Choice.Conflict) { $Finding.Unsure += 'registry and CIM disagree about the certificate in use' }
    $FullName = [string](Find-Fact -Facts $Facts -Path Identity.FullName)
    $Replace = Find-Fact -Facts $Facts -Path Request.Replace
    if (-not $FullName) { $Finding.Unsure += 'the full name of the host is unknown' }
    elseif ($InUse -and -not $InUse.SelfSigned -and -not $Replace -and -not (Test-Covers -Certificate $InUse -Name $FullName)) {
        $Names = @(Find-Name -Certificate $InUse) -join ', '
        $Finding.Blocked += "the certificate in use is for $Names, a farm or an alias: replace it with -Replace"
    }
    $Candidate = Find-Candidate -Facts $Facts
    $Template = $Facts.Choice.Template
    $Pin = Find-Fact -Facts $Facts -Path Settings.SSLCertificateSHA1Hash
    if (-not $Pin) { $Finding.Unsure += 'whether a certificate is pinned is unknown' }
    elseif ($By -eq 'policy') { $Finding.Blocked += "policy names a certificate template $($Template): Windows enrols and binds by itself" }
    elseif ($Template -and ($By -eq 'pin')) {
        $Finding.Changes = @(New-RegistryChange -Before $Pin -Value $null -Kind '')
        $Finding.Note = "remove the pin: policy enrols by the template $Template"
        $Finding.Restarts = 'SessionEnv', 'TermService'
        Add-RestartFault -Finding $Finding -Facts $Facts -Restart SessionEnv, TermService
    }
    elseif (-not $Candidate) {
        $Finding.Blocked += 'no candidate: enrol a certificate of an authority that this host trusts, with all names needed,' +
        ' in LocalMachine\My'
    }
    # R2 makes a key readable first.
    elseif (($Candidate.Key -eq 'no') -and ($Steps['R2'].Status -ne 'would be done')) {
        $Finding.Blocked += "the key of $($Candidate.Thumbprint) is not readable: see R2"
    }
    elseif (@('yes', 'no') -notcontains $Candidate.Key) {
        $Finding.Unsure += "whether the key of $($Candidate.Thumbprint) is readable is unknown: $($Candidate.KeyWhy)"
    }
    else {
        $Finding.Changes = @([pscustomobject]@{
            Kind = 'bind'; Path = $Pin.Path; Name = $Pin.Name; Thumbprint = $Candidate.Thumbprint; Before = $Pin
            Value = [string](Find-Fact -Facts $Facts -Path Served.Thumbprint)
        })
        # One that cannot be used is said to make hosts refuse everybody.
        if ((Find-Fact -Facts $Facts -Path Served.State) -eq 'works') { $Finding.Changes += New-TestChange -Facts $Facts }
        $Finding.Note = "bind $($Candidate.Thumbprint), $($Candidate.Subject), issued by $($Candidate.Issuer)"
    }
    $Finding
}
