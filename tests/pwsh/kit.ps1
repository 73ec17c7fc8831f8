# What the tests of the fix script share: its parts, and the facts of a host that is in order.
# PWSH_TEST_PARTS names a folder of parts that mutants.ps1 has changed.
$PartsFolder = if ($env:PWSH_TEST_PARTS) { $env:PWSH_TEST_PARTS } else { Join-Path -Path $PSScriptRoot -ChildPath '../../src/fix/repair' }

# The script as folders get it: the parts in the order of script.rs.
function Join-RepairScript {
    $List = [System.IO.File]::ReadAllText((Join-Path -Path $PartsFolder -ChildPath '../script.rs'))
    $Parts = [regex]::Matches($List, 'include_str!\("repair/([^"]+)"\)') | ForEach-Object { Join-Path -Path $PartsFolder -ChildPath $_.Groups[1].Value }
    ($Parts | ForEach-Object { [System.IO.File]::ReadAllText($_) }) -join "`n"
}

$PlanParts = 'plan.ps1', 'R01.ps1', 'R02.ps1', 'R03.ps1', 'R04.ps1', 'R05.ps1', 'R06.ps1', 'R07.ps1', 'R08.ps1', 'R12.ps1', 'names.ps1', 'reading.ps1'

$GoodCertificate = @{
    Store = 'Remote Desktop'; Thumbprint = 'AA11'; Subject = 'CN=bk01.corp.example'; Issuer = 'CN=bk01.corp.example'; CommonName = 'bk01.corp.example'; Names = @(); SelfSigned = $true
    NotBefore = '2026-10-01T00:00:00Z'; NotAfter = '2027-04-01T00:00:00Z'; Usages = @('1.3.6.1.5.5.7.3.1'); Algorithm = '1.2.840.113549.1.1.11'; Bits = 2048; IsAuthority = $false
    Key = 'yes'; KeyWhy = ''; KeyFile = 'C:\keys\f686'; KeyDenied = $false; Chain = @('UntrustedRoot')
}
function Join-Hash { param([hashtable] $Base, [hashtable] $More) $All = $Base.Clone(); foreach ($Key in $More.Keys) { $All[$Key] = $More[$Key] }; $All }
# One of an authority, in My, for the host.
function New-Issued {
    param([hashtable] $More = @{})
    Join-Hash (Join-Hash $GoodCertificate @{ Store = 'My'; Thumbprint = 'BB22'; Issuer = 'CN=Corp CA'; Names = @('bk01.corp.example'); SelfSigned = $false; KeyFile = 'C:\keys\bb22'; Chain = @() }) $More
}

function New-GoodFacts {
    $Service = { param($State, $Mode, $Id) @{ State = $State; StartMode = $Mode; ProcessId = $Id } }
    $Value = { param($Folder, $Name, $Kind, $Data) @{ Path = $Folder; Name = $Name; Exists = $null -ne $Data; Kind = $Kind; Value = $Data; Policy = $null; Effective = $null } }
    $Server = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
    $Tcp = "$Server\WinStations\RDP-Tcp"
    $Rule = { param($Name) @{ Name = $Name; Enabled = 'True'; Profile = 'Domain'; Action = 'Allow'; RemoteAddress = @('LocalSubnet'); LocalPort = '3389' } }
    @{
        Request = @{ Computer = 'bk01.corp.example'; Address = '10.0.0.5'; Port = 3389; ExpectedName = 'bk01'; Remedies = @(); Why = ''; Farm = ''; Only = @(); Replace = $false; AdminNetwork = @(); NetworkProfile = ''; Acted = @(); Passed = @(); FarmDifferences = @() }
        Identity = @{ Name = 'BK01'; FullName = 'bk01.corp.example'; Domain = 'corp.example'; InDomain = $true; DomainController = $false; Build = 20348; Revision = 2000; Caption = 'Microsoft Windows Server 2022 Standard' }
        Clock = @{ Source = 'dc01'; Peer = 'corp.example'; Offset = 0.2; Skew = 0; Ended = '2026-12-01T00:00:00Z' }
        Services = @{ TermService = & $Service Running Manual 900; SessionEnv = & $Service Running Manual 902; UmRdpService = & $Service Running Manual 901; W32Time = & $Service Running Manual 903; Dependents = @('UmRdpService') }
        Settings = @{
            SecurityLayer = & $Value $Tcp SecurityLayer DWord 2; UserAuthentication = & $Value $Tcp UserAuthentication DWord 1; MinEncryptionLevel = & $Value $Tcp MinEncryptionLevel DWord 3
            fAllowSecProtocolNegotiation = & $Value $Tcp fAllowSecProtocolNegotiation '' $null; PortNumber = & $Value $Tcp PortNumber DWord 3389; fEnableWinStation = & $Value $Tcp fEnableWinStation DWord 1
            SSLCertificateSHA1Hash = & $Value $Tcp SSLCertificateSHA1Hash '' $null; SelfSignedCertStore = & $Value "$Server\WinStations" SelfSignedCertStore String 'Remote Desktop'
            fDenyTSConnections = & $Value $Server fDenyTSConnections DWord 0; MaxOutstandingConnections = & $Value $Server MaxOutstandingConnections '' $null
            ProgramData = Join-Hash (& $Value 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList' ProgramData ExpandString '%SystemDrive%\ProgramData') @{ Found = $true; UsualFound = $true }
        }
        Choice = @{ By = 'own'; Thumbprint = 'AA11'; Template = ''; Cim = 'AA11'; CimType = 1; Conflict = $false }
        Certificates = @{ Items = @($GoodCertificate.Clone()) }
        KeyFolder = @{ Path = 'C:\keys'; Access = 'readable'; Owner = 'S-1-5-18'; Sddl = 'D:'; Lacks = @(); Denies = @(); Listable = $true; OwnKeys = @(@{ Path = 'C:\keys\f686'; Access = 'readable'; Owner = 'S-1-5-18'; Sddl = 'D:'; Lacks = @(); Denies = @() }) }
        Port = @{ Number = 3389; Owners = @(@{ Address = '0.0.0.0'; ProcessId = 900; Program = 'svchost' }, @{ Address = '::'; ProcessId = 900; Program = 'svchost' }) }
        Served = @{ State = 'works'; Thumbprint = 'AA11'; Protocol = 'Tls12'; Why = '' }
        Tls = @{ Tls12 = @(@{ Path = 'HKLM:\x'; Name = 'Enabled'; Exists = $false; Kind = ''; Value = $null; Role = 'Server' }, @{ Path = 'HKLM:\x'; Name = 'DisabledByDefault'; Exists = $false; Kind = ''; Value = $null; Role = 'Server' }); Off = @(); Suites = @('TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'); UpdateForRdp = $true }
        Deployment = @{ Member = $false; Reasons = @(); RedirectionAddress = $null }
        Trust = @{ State = 'good'; Why = '' }
        Firewall = @{
            Rules = @((& $Rule RemoteDesktop-UserMode-In-TCP), (& $Rule RemoteDesktop-UserMode-In-UDP)); Networks = @('Domain'); Blocks = @{ Items = @() }
            Profiles = @(@{ Name = 'Domain'; Enabled = 'True'; Inbound = 'True'; LocalRules = 'NotConfigured' }, @{ Name = 'Public'; Enabled = 'True'; Inbound = 'True'; LocalRules = 'NotConfigured' })
        }
        Addresses = @{ Items = @('10.0.0.5', 'fe80::1', '2001:db8::5'); Ipv6Route = $true }
        Dns = @{ Answers = @(@{ Server = '10.0.0.53'; Addresses = @('10.0.0.5'); Unknown = '' }); Registers = $true }
        Updates = @{ EncryptionOracle = $null }
        Ntlm = @{ Restricted = $null }
        Events = @{}
    }
}

# The plan for a host in order but for these paths, such as Clock.Offset or Certificates.Items.0.Key. As from facts.json.
function Resolve-Plan {
    param([hashtable] $Changes, [switch] $KeepFacts)
    $Facts = New-GoodFacts
    foreach ($Path in $Changes.Keys | Sort-Object -Property Length) {
        $At = $Facts
        $Parts = $Path.Split('.')
        for ($I = 0; $I -lt $Parts.Count; $I++) {
            $Key = if ($At -is [array]) { [int]$Parts[$I] } else { $Parts[$I] }
            # A list that another change emptied, or a fact that it took away.
            if ($null -eq $At) { break }
            if (($At -is [array]) -and ($Key -ge $At.Count)) { break }
            if ($I -eq $Parts.Count - 1) { $At[$Key] = if ($Changes[$Path] -is [array]) { , @($Changes[$Path] | ForEach-Object { if ($_ -is [hashtable]) { $_.Clone() } else { $_ } }) } else { $Changes[$Path] } } elseif ($At[$Key] -is [array]) { $At = [array]$At[$Key] } else { $At = $At[$Key] }
        }
    }
    $Read = ConvertFrom-Json -InputObject (ConvertTo-Json -InputObject $Facts -Depth 10)
    if ($KeepFacts) { $Global:Facts = $Read }
    Get-RdpPlan -Facts $Read
}
