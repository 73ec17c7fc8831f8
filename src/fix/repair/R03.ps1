# R3: settings of the listener without which no certificate is made or used. SecurityLayer and UserAuthentication are for R6.
function Measure-R3 {
    param($Facts, $Steps)
    $Finding = New-Finding
    foreach ($Want in @(@('fAllowSecProtocolNegotiation', 1, 1), @('MinEncryptionLevel', 2, 3))) {
        $Value = Find-Fact -Facts $Facts -Path "Settings.$($Want[0])"
        if (-not $Value) { $Finding.Unknown += "$($Want[0]) was not read"; continue }
        if ($null -ne $Value.Policy) {
            if (($Value.Policy -match '^[0-9]+$') -and ([int]$Value.Policy -lt $Want[1])) {
                $Finding.Wrong += "policy sets $($Want[0]) to $($Value.Policy)"
                $Finding.Blocked += "change the policy value $($Want[0])"
            }
        }
        elseif ($Value.Exists -and ([int]$Value.Value -lt $Want[1])) {
            $Finding.Wrong += "$($Want[0]) is $($Value.Value), and should be $($Want[2])"
            $Finding.Changes += New-RegistryChange -Before $Value -Value $Want[2] -Kind DWord
        }
    }
    $Store = Find-Fact -Facts $Facts -Path Settings.SelfSignedCertStore
    if (-not $Store) { $Finding.Unknown += 'SelfSignedCertStore was not read' }
    elseif ($Store.Exists -and ($Store.Value -ne 'Remote Desktop')) {
        $Finding.Wrong += "SelfSignedCertStore is '$($Store.Value)'"
        $Finding.Changes += New-RegistryChange -Before $Store -Value 'Remote Desktop' -Kind String
    }
    $Data = Find-Fact -Facts $Facts -Path Settings.ProgramData
    # Elsewhere is not wrong: the folder may have been moved. Nowhere is.
    if (-not $Data) { $Finding.Unknown += 'ProgramData was not read' }
    elseif (-not $Data.Found) {
        $Finding.Wrong += "ProgramData is '$($Data.Value)', and there is no such folder"
        if ($Data.UsualFound) { $Finding.Changes += New-RegistryChange -Before $Data -Value '%SystemDrive%\ProgramData' -Kind ExpandString }
        else { $Finding.Blocked += 'nor is %SystemDrive%\ProgramData there: find the folder' }
    }
    $Pin = Find-Fact -Facts $Facts -Path Settings.SSLCertificateSHA1Hash
    if (-not $Pin -or (Find-Unknown -Facts $Facts -Group Certificates)) {
        $Finding.Unknown += 'whether the pinned certificate exists is unknown'
    }
    elseif ($Pin.Exists -and -not (@(Find-Fact -Facts $Facts -Path Certificates.Items | Where-Object { $_ } |
        ForEach-Object { $_.Thumbprint }) -contains $Pin.Value)) {
        $Finding.Wrong += "the pinned certificate $($Pin.Value) is not there"
        $Finding.Changes += New-RegistryChange -Before $Pin -Value $null -Kind ''
        $Member = Find-Fact -Facts $Facts -Path Deployment.Member
        if ($Member) { $Finding.Blocked += 'the host belongs to a deployment: set its certificate with Set-RDCertificate' }
        elseif ($null -eq $Member) { $Finding.Unsure += 'whether the host belongs to a deployment is unknown' }
    }
    Add-RestartFault -Finding $Finding -Facts $Facts -Restart SessionEnv, TermService
    $Finding.Restarts = 'SessionEnv', 'TermService'
    $Finding
}
