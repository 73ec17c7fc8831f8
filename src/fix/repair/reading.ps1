# R13, R14, R15 and R20: only read.
function Measure-R13 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $Build = Find-Fact -Facts $Facts -Path Identity.Build
    $Revision = Find-Fact -Facts $Facts -Path Identity.Revision
    # The first revisions with the fix for CVE-2018-0886 (8 May 2018).
    $First = @{ 10240 = 17861; 10586 = 1540; 14393 = 2248; 15063 = 1088; 16299 = 431; 17134 = 48 }
    if (-not $Build) { $Finding.Unknown += 'the build of Windows is unknown' }
    elseif ([int]$Build -gt 17134) { $Finding.Note = "build $Build has the fix" }
    elseif ($First.ContainsKey([int]$Build) -and $Revision) {
        if ([int]$Revision -lt $First[[int]$Build]) {
            $Finding.Wrong += "build $Build.$Revision lacks the fix for CVE-2018-0886: install the current update"
        }
    }
    else { $Finding.Unknown += "build $Build does not show whether it has the fix: look at its updates" }
    if ((Find-Fact -Facts $Facts -Path Updates.EncryptionOracle) -eq 2) {
        $Finding.Wrong += 'AllowEncryptionOracle is 2: as a client it accepts vulnerable servers; remove it'
    }
    $Finding
}

function Measure-R14 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $Limit = Find-Fact -Facts $Facts -Path Settings.MaxOutstandingConnections.Value
    $Full = Find-Fact -Facts $Facts -Path Events.1006.Count
    if ($Full) { $Finding.Wrong += "the limit was reached $Full times in a week (event 1006): find out who connects" }
    if (($null -ne $Limit) -and ([long]$Limit -gt 3000)) {
        $Finding.Wrong += "the limit was raised to $Limit, which turns the protection off"
    }
    if (-not $Finding.Wrong) { $Finding.Note = 'no sign that the limit is reached' }
    $Finding
}

function Measure-R15 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $Stale = [string](Find-Fact -Facts $Facts -Path Deployment.RedirectionAddress)
    $Own = @(Find-Fact -Facts $Facts -Path Addresses.Items)
    foreach ($Group in 'Deployment', 'Addresses') {
        if (Find-Unknown -Facts $Facts -Group $Group) { $Finding.Unknown += Find-Unknown -Facts $Facts -Group $Group }
    }
    if (-not $Finding.Unknown -and $Stale -and ($Own -notcontains $Stale)) {
        $Finding.Wrong += "users are sent to $Stale, which is not an address of this host: remove SessionDirectoryRedirectionIP"
    }
    $Differs = @(Find-Fact -Facts $Facts -Path Request.FarmDifferences | Where-Object { $_ })
    if ($Differs) { $Finding.Wrong += $Differs }
    $Finding
}

# How the members of each farm differ, by computer: certificates, settings and builds, against what most of them have.
function Compare-RdpFarm {
    param([object[]] $All)
    $Differences = @{}
    foreach ($Farm in @($All | Where-Object { Find-Fact -Facts $_ -Path Request.Farm } | Group-Object -Property { $_.Request.Farm } |
        Where-Object { $_.Count -gt 1 })) {
        foreach ($Path in 'Served.Thumbprint', 'Settings.SecurityLayer.Value', 'Settings.UserAuthentication.Value',
            'Settings.PortNumber.Value', 'Identity.Build') {
            $Usual = $Farm.Group | ForEach-Object { [string](Find-Fact -Facts $_ -Path $Path) } | Where-Object { $_ } | Group-Object |
                Sort-Object -Property Count -Descending | Select-Object -First 1
            foreach ($Facts in $Farm.Group) {
                $Is = [string](Find-Fact -Facts $Facts -Path $Path)
                if ($Is -and $Usual -and ($Is -ne $Usual.Name)) {
                    $Differences[$Facts.Request.Computer] = @($Differences[$Facts.Request.Computer] |
                        Where-Object { $_ }) + "$Path is $Is, and $($Usual.Name) at other members of $($Farm.Name)"
                }
            }
        }
    }
    $Differences
}

function Measure-R20 {
    param($Facts, $Steps)
    $Finding = New-Finding
    $Build = Find-Fact -Facts $Facts -Path Identity.Build
    $Caption = [string](Find-Fact -Facts $Facts -Path Identity.Caption)
    $Now = ConvertTo-Utc (Find-Fact -Facts $Facts -Path Clock.Ended)
    if (-not $Build -or -not $Now) { $Finding.Unknown += 'the build of Windows is unknown'; return $Finding }
    # The last day of security updates for everyone (Microsoft Lifecycle); longer ones are paid for, or of an LTSC edition.
    $Ends = if ($Caption -match 'Server') {
        [ordered]@{
            9599 = '2023-10-10'; 9600 = '2023-10-10'; 14393 = '2027-01-12'; 17763 = '2029-01-09'; 20348 = '2031-10-14'; 25398 = '2025-10-24'
            26100 = '2034-11-14'
        }
    }
    else {
        [ordered]@{
            9599 = '2016-01-12'; 9600 = '2023-01-10'; 19044 = '2024-06-11'; 19045 = '2025-10-14'; 22000 = '2024-10-08'; 22621 = '2025-10-14'
            22631 = '2026-11-10'; 26100 = '2027-10-12'; 26200 = '2028-10-10'
        }
    }
    $Key = @($Ends.Keys | Where-Object { [int]$_ -ge [int]$Build } | Select-Object -First 1)
    if (-not $Key) { $Finding.Note = "$Caption is newer than this list"; return $Finding }
    $End = [string]$Ends[[object]$Key[0]]
    if ((ConvertTo-Utc $End) -lt $Now) {
        $Finding.Wrong += "$Caption (build $Build) has had no security updates since $End, unless they are paid for"
    }
    else { $Finding.Note = "$Caption (build $Build) is supported until $End" }
    $Finding
}
