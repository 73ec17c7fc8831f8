# Decides from the facts of one host alone what would be done, in which order, and what keeps a step from being done.

# What a restart of TermService does to those who are at work.
$CutsOff = 'sessions are disconnected and keep running'

# Keys in the order of the steps, the facts that each needs, what it waits for, and what it interrupts, in the words of its page. Steps
# without Waits are done as they are found.
$Remedies = [ordered]@{
    R12 = @{ Title = 'correct the clock'; Needs = @('Clock'); Waits = @(); Interrupts = 'a clock that jumps disturbs scheduled tasks and logs' }
    R3  = @{ Title = 'correct the listener settings'; Needs = @('Settings'); Waits = @(); Interrupts = $CutsOff }
    R2  = @{ Title = 'fix the permissions on the RDP private key'; Needs = @('KeyFolder', 'Certificates', 'Choice'); Waits = @(); Interrupts = $CutsOff }
    R4  = @{ Title = 'install a certificate from your CA'; Needs = @('Choice', 'Certificates', 'Clock'); Waits = @('R12', 'R2') }
    R1  = @{ Title = 'renew the self-signed certificate'; Needs = @('Choice', 'Certificates', 'Clock'); Waits = @('R12', 'R3', 'R2'); Interrupts = 'where TermService has to restart, sessions are disconnected and keep running' }
    R5  = @{ Title = 'enable TLS 1.2 and its cipher suites'; Needs = @('Tls'); Waits = @(); Interrupts = 'nothing now: the settings take effect when the machine restarts' }
    R6  = @{ Title = 're-enable TLS and NLA'; Needs = @('Settings'); Waits = @('R4', 'R1', 'R5'); Interrupts = 'clients without NLA, and users whose password has expired, can no longer connect' }
    R8  = @{ Title = 'get the RDP listener running'; Needs = @('Services', 'Settings', 'Port'); Waits = @() }
    R7  = @{ Title = 'allow RDP through the firewall'; Needs = @('Firewall', 'Port'); Waits = @('R8') }
    R9  = @{ Title = 'correct the DNS record'; Needs = @('Dns', 'Addresses'); Waits = @() }
    R10 = @{ Title = 'repair or withdraw the IPv6 address'; Needs = @('Dns', 'Addresses', 'Port'); Waits = @('R9'); Reads = $true }
    R11 = @{ Title = 'connect by the Kerberos name'; Needs = @('Ntlm'); Waits = @(); Reads = $true }
    R13 = @{ Title = 'patch CredSSP on both sides'; Waits = @(); Reads = $true }
    R14 = @{ Title = 'raise the half-open connection limit'; Needs = @('Events'); Waits = @(); Reads = $true }
    R15 = @{ Title = 'make the farm members consistent'; Waits = @(); Reads = $true }
    R20 = @{ Title = 'move to a system that is still maintained'; Waits = @(); Reads = $true }
}

# The fact at a path such as Clock.Offset; nothing where it is missing or unknown.
function Find-Fact {
    param($Facts, [string] $Path)
    $At = $Facts
    foreach ($Part in $Path.Split('.')) {
        if ($null -eq $At) { return }
        $Property = $At.PSObject.Properties[$Part]
        if (-not $Property) { return }
        $At = $Property.Value
    }
    if (-not (Find-Unknown -Facts $At)) { $At }
}

# Why a group of facts is unknown; empty when it is known.
function Find-Unknown {
    param($Facts, [string] $Group)
    if ($Group) {
        $Property = if ($Facts) { $Facts.PSObject.Properties[$Group] }
        if (-not $Property -or ($null -eq $Property.Value)) { return "$Group was not read" }
        $Facts = $Property.Value
    }
    $IsObject = $Facts -is [System.Management.Automation.PSCustomObject]
    # The clock has times beside the reason; an answer of DNS has an empty reason.
    if ($IsObject -and $Facts.PSObject.Properties['Unknown'] -and ($Facts.Unknown -or (@($Facts.PSObject.Properties).Count -eq 1))) {
        return "$Group cannot be read: $($Facts.Unknown)".Trim()
    }
    ''
}

function ConvertTo-Utc {
    param($Time)
    if ($Time -is [datetime]) { return $Time.ToUniversalTime() }
    if (-not $Time) { return }
    $Style = [System.Globalization.DateTimeStyles]'AdjustToUniversal, AssumeUniversal'
    [datetime]::Parse([string]$Time, [System.Globalization.CultureInfo]::InvariantCulture, $Style)
}

function Format-Time {
    param([datetime] $Time)
    $Time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [System.Globalization.CultureInfo]::InvariantCulture)
}

# What a remedy finds: Wrong is why to act; Unknown, why that is not known; Blocked and Unsure, why not to act.
function New-Finding {
    [ordered]@{ Wrong = @(); Unknown = @(); Blocked = @(); Unsure = @(); Changes = @(); Restarts = @(); Note = ''; NoWayBack = '' }
}

# A change of a registry value; Value $null removes it.
function New-RegistryChange {
    param($Before, $Value, [string] $Kind)
    [pscustomobject]@{ Kind = 'registry'; Path = $Before.Path; Name = $Before.Name; Before = $Before; Value = $Value; ValueKind = $Kind }
}

# No change: a handshake with the listener. Where it fails, the step is put back.
function New-TestChange {
    param($Facts)
    [pscustomobject]@{
        Kind = 'test'; Port = Find-Fact -Facts $Facts -Path Port.Number; Address = Find-Fact -Facts $Facts -Path Served.Address
    }
}

# Why services cannot be restarted, or started. TermService takes its dependents along.
function Find-RestartFault {
    param($Facts, [string[]] $Restart, [string[]] $Start)
    if (Find-Unknown -Facts $Facts -Group Services) { return "unknown: $(Find-Unknown -Facts $Facts -Group Services)" }
    $Names = @($Restart)
    if ($Restart -contains 'TermService') { $Names += @(Find-Fact -Facts $Facts -Path Services.Dependents) }
    foreach ($Name in @($Names) + @($Start) | Select-Object -Unique) {
        $State = [string](Find-Fact -Facts $Facts -Path "Services.$Name.State")
        $Mode = [string](Find-Fact -Facts $Facts -Path "Services.$Name.StartMode")
        if (-not $Mode) { "unknown: the service $Name was not read"; continue }
        if (($State -ne 'Running') -and ($State -ne 'Stopped')) { "$Name is neither running nor stopped ($State)"; continue }
        if (($Mode -eq 'Disabled') -and (($State -eq 'Running') -or ($Start -contains $Name))) {
            "$Name is disabled, so it would not start again"
        }
    }
}

function Add-RestartFault {
    param($Finding, $Facts, [string[]] $Restart, [string[]] $Start)
    foreach ($Fault in @(Find-RestartFault -Facts $Facts -Restart $Restart -Start $Start)) {
        if ($Fault -like 'unknown: *') { $Finding.Unsure += $Fault.Substring(9) } else { $Finding.Blocked += $Fault }
    }
}

# The certificate in use; nothing when it is in no store.
function Find-InUse {
    param($Facts)
    $Thumbprint = [string](Find-Fact -Facts $Facts -Path Choice.Thumbprint)
    if (-not $Thumbprint) { return }
    @(Find-Fact -Facts $Facts -Path Certificates.Items) | Where-Object { $_ -and ($_.Thumbprint -eq $Thumbprint) } | Select-Object -First 1
}

# Whether the remedy is named, by the row or by -Remedy.
function Test-Named {
    param($Facts, [string] $Remedy)
    (@(Find-Fact -Facts $Facts -Path Request.Remedies) + @(Find-Fact -Facts $Facts -Path Request.Only)) -contains $Remedy
}

# Accounts by name, for people.
function Format-Account {
    param([string[]] $Sids)
    $Known = @{ 'S-1-5-18' = 'SYSTEM'; 'S-1-5-20' = 'NETWORK SERVICE'; 'S-1-5-32-544' = 'Administrators'; 'S-1-1-0' = 'Everyone' }
    ($Sids | ForEach-Object { if ($Known.ContainsKey($_)) { $Known[$_] } else { $_ } }) -join ', '
}

# What a step interrupts: what its remedy always does, else what its restarts do. R4 restarts TermService only where it removes a pin.
function Format-Interrupts {
    param([string] $Key, [string[]] $Restarts)
    $Always = [string]$Remedies[$Key]['Interrupts']
    if (-not $Always -and ($Restarts -contains 'TermService')) { $CutsOff } else { $Always }
}

# The steps of one host, in order: Remedy, Status, Detail, Changes, Restarts. A pure function of the facts.
function Get-RdpPlan {
    param([Parameter(Mandatory = $true)] $Facts)
    $Steps = [ordered]@{}
    $Only = @(Find-Fact -Facts $Facts -Path Request.Only | Where-Object { $_ })
    $Acted = @(Find-Fact -Facts $Facts -Path Request.Acted | Where-Object { $_ })
    # Steps that had their turn in this run: what is still wrong of them was not confirmed, or failed.
    $Passed = @(Find-Fact -Facts $Facts -Path Request.Passed | Where-Object { $_ })
    foreach ($Key in $Remedies.Keys) {
        $About = $Remedies[$Key]
        $Unread = @($About['Needs'] | Where-Object { $_ } | ForEach-Object { Find-Unknown -Facts $Facts -Group $_ } | Where-Object { $_ })
        $Finding = if ($Unread) { New-Finding } else { & "Measure-$Key" -Facts $Facts -Steps $Steps }
        $Finding.Unknown += $Unread
        $Step = [pscustomobject]@{
            Remedy = $Key; Title = $About.Title; Status = ''; Detail = ''; Changes = @($Finding.Changes); Restarts = @($Finding.Restarts)
            Interrupts = Format-Interrupts -Key $Key -Restarts $Finding.Restarts; NoWayBack = $Finding.NoWayBack
            Wrong = @($Finding.Wrong).Count -gt 0; Named = Test-Named -Facts $Facts -Remedy $Key
        }
        $Waits = @(foreach ($Need in $About.Waits) {
                $Other = $Steps[$Need]
                # Windows' own certificate is good enough for TLS, whatever R4 waits for.
                $IsOwn = (Find-Fact -Facts $Facts -Path Choice.By) -eq 'own'
                if (($Need -eq 'R4') -and $IsOwn -and ($Other.Status -ne 'would be done')) { continue }
                if ((@('in order', 'done') -contains $Other.Status) -or (($Other.Status -eq 'left alone') -and -not $Other.Wrong)) {
                    continue
                }
                if (($Other.Status -eq 'would be done') -and ($Need -ne 'R5') -and ($Passed -notcontains $Need)) { "after $Need"; continue }
                "$Need comes first: $($Other.Detail)"
            })
        $After = @($Waits | Where-Object { $_ -like 'after *' })
        $Open = @($Waits | Where-Object { $_ -notlike 'after *' })
        if ($Finding.Wrong) {
            $Why = $Finding.Wrong -join '; '
            $MustBeNamed = (@('R7', 'R9') -contains $Key) -or $About['Reads']
            if ($About['Reads']) { $Step.Status = 'blocked'; $Step.Detail = $Why; if ($Open) { $Step.Detail += "; $($Open -join '; ')" } }
            elseif ($Finding.Blocked) { $Step.Status = 'blocked'; $Step.Detail = "$Why; $($Finding.Blocked -join '; ')" }
            elseif ($Open) { $Step.Status = 'blocked'; $Step.Detail = "$Why; $($Open -join '; ')" }
            elseif ($Finding.Unsure) { $Step.Status = 'unknown'; $Step.Detail = "$Why; $($Finding.Unsure -join '; ')" }
            elseif (($Only -and ($Only -notcontains $Key)) -or ($MustBeNamed -and -not $Step.Named)) {
                $Step.Status = 'left alone'
                $Step.Detail = "${Why}; not named: add $Key to -Remedy"
            }
            else { $Step.Status = 'would be done'; $Step.Detail = (@($Why) + $After + @($Finding.Note | Where-Object { $_ })) -join '; ' }
        }
        elseif (@($Finding.Unknown).Count -gt 0) { $Step.Status = 'unknown'; $Step.Detail = $Finding.Unknown -join '; ' }
        else {
            $Step.Status = 'in order'
            $Step.Detail = $Finding.Note
            if (($Key -eq 'R5') -and ($Acted -contains 'R5')) { $Step.Status = 'partly done'; $Step.Detail = 'restart the machine' }
        }
        $Steps[$Key] = $Step
    }
    foreach ($Step in $Steps.Values) { $Step }
}
