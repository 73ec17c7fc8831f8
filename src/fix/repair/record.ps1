# The record of a run, by which it is undone. The file is JSON on two lines; the sum in the first finds damage.
function Write-UndoRecord {
    param($Record, [string] $Path)
    $Json = ConvertTo-Json -InputObject $Record -Depth 10 -Compress
    $Text = "{""sha256"":""$(Measure-Sum -Text $Json)"",`n""record"":$Json}`n"
    # Written beside the old one, which a full disk would else cut off.
    $Bytes = [System.Text.Encoding]::UTF8.GetBytes($Text)
    $File = New-Object -TypeName System.IO.FileStream -ArgumentList "$Path.new", 'Create', 'Write', 'None'
    try { $File.Write($Bytes, 0, $Bytes.Length); $File.Flush($true) } finally { $File.Dispose() }
    if ([System.IO.File]::ReadAllText("$Path.new") -cne $Text) { throw "$Path does not hold what was written" }
    if ([System.IO.File]::Exists($Path)) {
        [System.IO.File]::Replace("$Path.new", $Path, [System.Management.Automation.Language.NullString]::Value)
    }
    else { [System.IO.File]::Move("$Path.new", $Path) }
}

function Measure-Sum {
    param([string] $Text)
    $Sha = [System.Security.Cryptography.SHA256]::Create()
    try {
        $Sum = $Sha.ComputeHash([System.Text.Encoding]::UTF8.GetBytes($Text))
        ([System.BitConverter]::ToString($Sum) -replace '-', '').ToLowerInvariant()
    }
    finally { $Sha.Dispose() }
}

# A run that changed nothing leaves no record: people undo the newest one.
function Save-Record {
    if (-not $Run.Folder) { throw "the folder of the run cannot be written: $($Run.NoFolder)" }
    $Path = Join-Path -Path $Run.Folder -ChildPath 'undo.json'
    $Hosts = @($Run.Hosts | Where-Object { $_.Entries })
    if (-not $Hosts) { [System.IO.File]::Delete($Path); return }
    Write-UndoRecord -Record ([pscustomobject]@{ Schema = 1; Script = 'Repair-RdpHost'; Time = $Run.Time; Hosts = $Hosts }) -Path $Path
}

# The entries of a host in the record of this run.
function Add-UndoHost {
    param($Row, $Facts)
    $Known = $Run.Hosts | Where-Object { $_.Computer -eq $Row.Computer } | Select-Object -First 1
    if (-not $Known) {
        $Known = [pscustomobject]@{
            Computer = $Row.Computer; Address = $Row.Address; Port = $Row.Port; Name = Find-Fact -Facts $Facts -Path Identity.Name
            FullName = Find-Fact -Facts $Facts -Path Identity.FullName; MachineGuid = Find-Fact -Facts $Facts -Path Identity.MachineGuid
            Installed = Find-Installed -Facts $Facts; Entries = @()
        }
        $Run.Hosts += $Known
    }
    $Known
}

function Find-Installed {
    param($Facts)
    $Time = ConvertTo-Utc (Find-Fact -Facts $Facts -Path Identity.Installed)
    if ($Time) { Format-Time -Time $Time }
}

function Read-UndoRecord {
    param([string] $Path)
    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) { throw "there is no file $Path" }
    $Text = [System.IO.File]::ReadAllText((Resolve-Path -LiteralPath $Path).ProviderPath)
    if ($Text -notmatch '(?s)^\{"sha256":"([0-9a-f]{64})",\s*"record":(.*)\}\s*$') { throw "$Path is not an undo record" }
    $Sum, $Json = $Matches[1], $Matches[2]
    if ((Measure-Sum -Text $Json) -ne $Sum) { throw "$Path is damaged or was edited: its sum does not fit" }
    $Record = ConvertFrom-Json -InputObject $Json
    if ((Find-Fact -Facts $Record -Path Schema) -ne 1) { throw "$Path has a schema that this script does not read" }
    foreach ($Entry in @($Record.Hosts)) {
        if (-not (Test-HostName -Text $Entry.Computer)) { throw "$Path names '$($Entry.Computer)', which is not a host" }
    }
    $Record
}

# Values that a run of this script can have found: path, name, kind, and what the data looks like.
$UndoValues = @(
    , @('WinStations\RDP-Tcp', 'fAllowSecProtocolNegotiation', 'DWord', '^[01]$')
    , @('WinStations\RDP-Tcp', 'MinEncryptionLevel', 'DWord', '^[0-4]$')
    , @('WinStations\RDP-Tcp', 'SecurityLayer', 'DWord', '^[0-2]$')
    , @('WinStations\RDP-Tcp', 'UserAuthentication', 'DWord', '^[01]$')
    , @('WinStations\RDP-Tcp', 'fEnableWinStation', 'DWord', '^[01]$')
    , @('WinStations\RDP-Tcp', 'SSLCertificateSHA1Hash', 'Binary', '^[0-9A-Fa-f]{40}$')
    , @('WinStations', 'SelfSignedCertStore', 'String', '^[A-Za-z0-9 _-]{0,64}$')
    , @('', 'fDenyTSConnections', 'DWord', '^[01]$')
) | ForEach-Object { , @(('HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\' + $_[0]).TrimEnd('\'), $_[1], $_[2], $_[3]) }
$UndoValues += , @('HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList', 'ProgramData', 'String|ExpandString',
    '^(%SystemDrive%|[A-Za-z]:)(\\[^\\/:*?"<>|]+)*\\?$')
foreach ($Role in 'Server', 'Client') {
    foreach ($Name in 'Enabled', 'DisabledByDefault') {
        $Path = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\$Role"
        $UndoValues += , @($Path, $Name, 'DWord', '^(0|1|-1|4294967295)$')
    }
}
# Accounts that may own a key, or have rights on it: SYSTEM, Administrators, NETWORK SERVICE.
$UndoAccounts = 'S-1-5-18', 'S-1-5-32-544', 'S-1-5-20', 'SY', 'BA', 'NS'

# Letters for rights in a list of them, as bits.
$RightLetters = @{
    FA = 0x1F01FF; FR = 0x120089; FW = 0x120116; FX = 0x1200A0; CC = 1; DC = 2; LC = 4; SW = 8; RP = 0x10; WP = 0x20; DT = 0x40; LO = 0x80
    CR = 0x100; SD = 0x10000; RC = 0x20000; WD = 0x40000; WO = 0x80000
}

# The bits of rights such as 0x1200a9 or FRFX; nothing where a part of them has no bits here.
function ConvertTo-Mask {
    param([string] $Rights)
    if ($Rights -match '^0x[0-9A-Fa-f]{1,8}$') { return [System.Convert]::ToInt64($Rights, 16) }
    if ($Rights -notmatch '^([A-Z][A-Z])+$') { return }
    $Mask = [long]0
    foreach ($Two in [regex]::Matches($Rights, '..')) {
        if (-not $RightLetters.ContainsKey($Two.Value)) { return }
        $Mask = $Mask -bor $RightLetters[$Two.Value]
    }
    $Mask
}

# Whether an entry gives its account no more than these entries do, or than to pass through and to look at attributes. Windows merges
# what is granted with what an account had, so that its entry of before is in the list no more, though all its rights are.
function Test-RightHeld {
    param([string] $Entry, [string] $Sddl)
    $Part = $Entry.Split(';')
    $Wanted = ConvertTo-Mask -Rights $Part[2]
    if (($Part.Count -ne 6) -or ($Part[0] -ne 'A') -or $Part[3] -or $Part[4] -or ($null -eq $Wanted)) { return $false }
    $Held = [long]0x1200A8
    foreach ($Ace in [regex]::Matches($Sddl, '\(([^)]*)\)')) {
        $Other = $Ace.Groups[1].Value.Split(';')
        if (($Other[0] -ne 'A') -or ($Other[1] -ne $Part[1]) -or ($Other[-1] -ne $Part[-1])) { continue }
        $Mask = ConvertTo-Mask -Rights $Other[2]
        if ($null -ne $Mask) { $Held = $Held -bor $Mask }
    }
    ($Wanted -bor $Held) -eq $Held
}

# Why an entry of a record is not one that this script writes; nothing when it is. Now: the rights that the host has.
function Find-EntryFault {
    param($Entry, $Now)
    $Before = Find-Fact -Facts $Entry -Path Before
    $Kind = [string](Find-Fact -Facts $Entry -Path Kind)
    if (@('registry', 'bind') -contains $Kind) {
        $Known = $UndoValues | Where-Object { ($_[0] -eq $Entry.Path) -and ($_[1] -ceq $Entry.Name) } | Select-Object -First 1
        if (-not $Known -or -not $Before) { "$($Entry.Path) $($Entry.Name) is not a value of this script" }
        elseif ($Before.Exists -and (($Before.Kind -notmatch "^($($Known[2]))$") -or ([string]$Before.Value -notmatch $Known[3]))) {
            "$($Entry.Name) has a kind or value that no host has"
        }
        elseif (($Kind -eq 'bind') -and ([string]$Entry.Value -notmatch '^([0-9A-Fa-f]{40})?$')) { "'$($Entry.Value)' is no certificate" }
    }
    elseif ($Kind -eq 'security') {
        if (([string]$Before.Sddl -notmatch '^D:(P|AI|AR)*(\([^()]*\))*$') -or -not $Before.Owner) {
            return 'the rights before are not known'
        }
        if (($Entry.Path -notmatch '[\\/]Microsoft[\\/]Crypto[\\/]') -or ($Entry.Path -match '\.\.')) { return "$($Entry.Path) is no key" }
        if (-not $Now) { return }
        # Rights beyond those of the services count only where the host has them now.
        if (($UndoAccounts -notcontains $Before.Owner) -and ($Now.Owner -ne $Before.Owner)) {
            "the record would give $($Entry.Path) to $($Before.Owner)"
        }
        foreach ($Ace in [regex]::Matches($Before.Sddl, '\(([^)]*)\)')) {
            $Part = $Ace.Groups[1].Value.Split(';')
            if (($Part[0] -ne 'D') -and ($UndoAccounts -notcontains $Part[-1]) -and -not ([string]$Now.Sddl).Contains($Ace.Value) -and
                -not (Test-RightHeld -Entry $Ace.Groups[1].Value -Sddl $Now.Sddl)) {
                "the record would give $($Part[-1]) rights on $($Entry.Path)"
            }
        }
    }
    elseif ($Kind -eq 'firewall') {
        if (@('RemoteDesktop-UserMode-In-TCP', 'RemoteDesktop-UserMode-In-UDP') -notcontains $Entry.Name) {
            "$($Entry.Name) is not a rule of this script"
        }
        elseif ($Before.Enabled -ne 'False') { 'the record would turn a rule on' }
    }
    elseif ($Kind -eq 'start') { if ($Entry.Service -ne 'TermService') { "$($Entry.Service) is not a service of this script" } }
    elseif (@('renew', 'register', 'resync') -notcontains $Kind) { "'$Kind' is not a change of this script" }
}
