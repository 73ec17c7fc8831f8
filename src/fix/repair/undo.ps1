# The record of a run, and the way back. The file is JSON on two lines; the sum in the first finds damage.
function Write-UndoRecord {
    param($Record, [string] $Path)
    $Json = ConvertTo-Json -InputObject $Record -Depth 10 -Compress
    $Text = "{""sha256"":""$(Measure-Sum -Text $Json)"",`n""record"":$Json}`n"
    $Bytes = [System.Text.Encoding]::UTF8.GetBytes($Text)
    $File = New-Object -TypeName System.IO.FileStream -ArgumentList $Path, 'Create', 'Write', 'None'
    try { $File.Write($Bytes, 0, $Bytes.Length); $File.Flush($true) } finally { $File.Dispose() }
    if ([System.IO.File]::ReadAllText($Path) -cne $Text) { throw "$Path does not hold what was written" }
}

function Measure-Sum {
    param([string] $Text)
    $Sha = [System.Security.Cryptography.SHA256]::Create()
    try { ([System.BitConverter]::ToString($Sha.ComputeHash([System.Text.Encoding]::UTF8.GetBytes($Text))) -replace '-', '').ToLowerInvariant() } finally { $Sha.Dispose() }
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
    $Record
}

# Values that a run of this script can have found: path, name, kind, and what the data looks like.
$UndoValues = @(
    @('WinStations\RDP-Tcp', 'fAllowSecProtocolNegotiation', 'DWord', '^[01]$'), @('WinStations\RDP-Tcp', 'MinEncryptionLevel', 'DWord', '^[0-4]$')
    @('WinStations\RDP-Tcp', 'SecurityLayer', 'DWord', '^[0-2]$'), @('WinStations\RDP-Tcp', 'UserAuthentication', 'DWord', '^[01]$')
    @('WinStations\RDP-Tcp', 'fEnableWinStation', 'DWord', '^[01]$'), @('WinStations\RDP-Tcp', 'SSLCertificateSHA1Hash', 'Binary', '^[0-9A-Fa-f]{40}$')
    @('WinStations', 'SelfSignedCertStore', 'String', '^[A-Za-z0-9 _-]{1,64}$'), @('', 'fDenyTSConnections', 'DWord', '^[01]$')
) | ForEach-Object { , @(('HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\' + $_[0]).TrimEnd('\'), $_[1], $_[2], $_[3]) }
$UndoValues += , @('HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList', 'ProgramData', 'String|ExpandString', '^(%SystemDrive%|[A-Za-z]:)(\\[^\\/:*?"<>|]+)+$')
foreach ($Role in 'Server', 'Client') {
    foreach ($Name in 'Enabled', 'DisabledByDefault') {
        $UndoValues += , @("HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\$Role", $Name, 'DWord', '^(0|1|-1|4294967295)$')
    }
}

# Why an entry of a record is not one that this script writes; empty when it is. Now: what the host has.
function Find-EntryFault {
    param($Entry, $Now)
    $Before = Find-Fact -Facts $Entry -Path Before
    switch ([string](Find-Fact -Facts $Entry -Path Kind)) {
        { @('registry', 'bind') -contains $_ } {
            $Path, $Name = if ($_ -eq 'bind') { 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp', 'SSLCertificateSHA1Hash' } else { $Entry.Path, $Entry.Name }
            $Known = $UndoValues | Where-Object { ($_[0] -eq $Path) -and ($_[1] -ceq $Name) } | Select-Object -First 1
            if (-not $Known -or -not $Before -or ($Before.Path -ne $Path) -or ($Before.Name -ne $Name)) { return "$Path $Name is not a value of this script" }
            if ($Before.Exists -and (($Before.Kind -notmatch "^($($Known[2]))$") -or ([string]$Before.Value -notmatch $Known[3]))) { return "$Name has a kind or value that no host has" }
        }
        'security' {
            # Rights beyond those of the services count only where the host has them now.
            foreach ($Ace in [regex]::Matches([string]$Before.Sddl, '\(([^)]*)\)')) {
                $Part = $Ace.Groups[1].Value.Split(';')
                if (($Part[0] -ne 'D') -and (@('S-1-5-18', 'S-1-5-32-544', 'S-1-5-20', 'SY', 'BA', 'NS') -notcontains $Part[-1]) -and -not ([string]$Now.Sddl).Contains($Ace.Value)) {
                    return "the record would give $($Part[-1]) rights on $($Entry.Path)"
                }
            }
            if (-not $Before.Sddl -or ([string]$Before.Sddl -notmatch '^D:') -or ([string]$Before.Owner -notmatch '^S-1-[0-9-]+$')) { return 'the rights before are not known' }
        }
        'firewall' {
            if (@('RemoteDesktop-UserMode-In-TCP', 'RemoteDesktop-UserMode-In-UDP') -notcontains $Entry.Name) { return "$($Entry.Name) is not a rule of this script" }
            if ($Before.Enabled -ne 'False') { return 'the record would turn a rule on' }
        }
        'start' { if ($Entry.Service -ne 'TermService') { return "$($Entry.Service) is not a service of this script" } }
        { @('renew', 'register', 'resync', 'test') -contains $_ } { }
        default { return "'$_' is not a change of this script" }
    }
    ''
}

# Whether the host still has what the run left: 'left', 'before' or 'changed'.
function Compare-Entry {
    param($Entry, $Now)
    $After = Find-Fact -Facts $Entry -Path After
    $Same = { param($A, $B) (ConvertTo-Json -Depth 5 -Compress -InputObject $A) -eq (ConvertTo-Json -Depth 5 -Compress -InputObject $B) }
    $Shape = switch ($Entry.Kind) {
        'security' { { param($V) , @([string]$V.Owner, [string]$V.Sddl) } }
        'firewall' { { param($V) , @([string]$V.Enabled, [string]$V.Profile, @($V.RemoteAddress)) } }
        'start' { { param($V) , @([string]$V.State) } }
        default { { param($V) , @([bool]$V.Exists, [string]$V.Value) } }
    }
    if ($null -eq $After) {
        # Broken off between the record and the change.
        $After = switch ($Entry.Kind) {
            'start' { [pscustomobject]@{ State = 'Running' } }
            'registry' { [pscustomobject]@{ Exists = $null -ne $Entry.Value; Value = $Entry.Value } }
            'bind' { [pscustomobject]@{ Exists = $true; Value = $Entry.Thumbprint } }
        }
    }
    $Before = if ($Entry.Kind -eq 'start') { [pscustomobject]@{ State = 'Stopped' } } else { $Entry.Before }
    if (& $Same (& $Shape $Now) (& $Shape $Before)) { 'before' }
    elseif ($After -and (& $Same (& $Shape $Now) (& $Shape $After))) { 'left' }
    else { 'changed' }
}
